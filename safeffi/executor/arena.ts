/**
 * The file behind shared buffers: memory of its own beside the lanes', mapped by each executor of a session at
 * `arenaBase` and there from one executor to the next. Grows as it is used.
 */
import { executorStartError } from '../errors.ts';
import { linux } from './linux.ts';

export class Arena {
  readonly fd: number;

  constructor() {
    const os = linux();
    this.fd = os.memfdCreate('safeffi-buffers');
    if (this.fd < 0) throw executorStartError(`memfd_create failed with ${os.errorName(os.errno())}`);
  }

  close(): void {
    linux().close(this.fd);
  }
}
