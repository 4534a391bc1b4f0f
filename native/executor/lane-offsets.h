/*
 * Where park-<arch>.S finds what it needs of `struct lane`; lanes.c asserts that they are true.
 */
#ifndef SAFEFFI_LANE_OFFSETS_H
#define SAFEFFI_LANE_OFFSETS_H

#define LANE_LINE 0
#define LANE_RECORD 8
#define LANE_ERRNO 16
#define LANE_SPIN 24
#define LANE_RUNNING 28

#endif
