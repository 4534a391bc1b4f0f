/**
 * The numbers of primitives that Squeak's and Pharo's VMs know, with the names under which their VMs define them: facts about other
 * systems, for the page that says which of them we have (markdown-page.ts) and for reports that name a number. Nothing here runs.
 *
 * A line is a number and the names from it on, one number each. Numbers 256 to 519 are quick returns and stand nowhere here.
 * Source: `initializePrimitiveTable` of StackInterpreter in VMMaker, as OpenSmalltalk's and Pharo's VMs have it, and its table in
 * Squeak's VM before closures.
 */

/** Both VMs mean the same. */
const COMMON = `
1: primitiveAdd primitiveSubtract primitiveLessThan primitiveGreaterThan primitiveLessOrEqual
  primitiveGreaterOrEqual primitiveEqual primitiveNotEqual primitiveMultiply primitiveDivide primitiveMod
  primitiveDiv primitiveQuo primitiveBitAnd primitiveBitOr primitiveBitXor primitiveBitShift primitiveMakePoint
  primitiveFail primitiveRemLargeIntegers primitiveAddLargeIntegers primitiveSubtractLargeIntegers
  primitiveLessThanLargeIntegers primitiveGreaterThanLargeIntegers primitiveLessOrEqualLargeIntegers
  primitiveGreaterOrEqualLargeIntegers primitiveEqualLargeIntegers primitiveNotEqualLargeIntegers
  primitiveMultiplyLargeIntegers primitiveDivideLargeIntegers primitiveModLargeIntegers
  primitiveDivLargeIntegers primitiveQuoLargeIntegers primitiveBitAndLargeIntegers primitiveBitOrLargeIntegers
  primitiveBitXorLargeIntegers primitiveBitShiftLargeIntegers primitiveFloatAt primitiveFloatAtPut
  primitiveAsFloat primitiveFloatAdd primitiveFloatSubtract primitiveFloatLessThan primitiveFloatGreaterThan
  primitiveFloatLessOrEqual primitiveFloatGreaterOrEqual primitiveFloatEqual primitiveFloatNotEqual
  primitiveFloatMultiply primitiveFloatDivide primitiveTruncated primitiveFractionalPart primitiveExponent
  primitiveTimesTwoPower primitiveSquareRoot primitiveSine primitiveArctan primitiveLogN primitiveExp
  primitiveAt primitiveAtPut primitiveSize primitiveStringAt primitiveStringAtPut primitiveNext primitiveNextPut
  primitiveAtEnd primitiveObjectAt primitiveObjectAtPut primitiveNew primitiveNewWithArg
  primitiveArrayBecomeOneWay primitiveInstVarAt primitiveInstVarAtPut primitiveIdentityHash primitiveStoreStackp
  primitiveSomeInstance primitiveNextInstance primitiveNewMethod
83: primitivePerform primitivePerformWithArgs primitiveSignal primitiveWait primitiveResume primitiveSuspend
  primitiveFlushCache
97: primitiveSnapshot
100: primitivePerformInSuperclass
105: primitiveStringReplace
110: primitiveIdentical primitiveClass primitiveBytesLeft primitiveQuit
115: primitiveChangeClass primitiveFlushCacheByMethod primitiveExternalCall primitiveDoPrimitiveWithArgs
  primitiveFlushCacheBySelector primitiveCalloutToFFI primitiveImageName
124: primitiveLowSpaceSemaphore primitiveSignalAtBytesLeft
128: primitiveArrayBecome primitiveSpecialObjectsOop primitiveFullGC primitiveIncrementalGC
  primitiveObjectPointsTo
135: primitiveMillisecondClock primitiveSignalAtMilliseconds primitiveSecondsClock primitiveSomeObject
  primitiveNextObject
142: primitiveVMPath primitiveShortAt primitiveShortAtPut primitiveConstantFill
148: primitiveClone primitiveGetAttribute
159: primitiveHashMultiply primitiveAdoptInstance primitiveSetOrHasIdentityHash
163: primitiveGetImmutability primitiveSetImmutability primitiveIntegerAt primitiveIntegerAtPut primitiveYield
  primitiveCopyObject primitiveNotIdentical primitiveAsCharacter primitiveImmediateAsInteger
  primitiveFetchNextMourner primitiveSlotAt primitiveSlotAtPut primitiveBehaviorHash primitiveMaxIdentityHash
  primitiveAllInstances primitiveAllObjects
180: primitiveGrowMemoryByAtLeast primitiveSizeInBytesOfInstance primitiveSizeInBytes primitiveIsPinned
  primitivePin primitiveExitCriticalSection primitiveEnterCriticalSection
  primitiveTestAndSetOwnershipOfCriticalSection primitiveExecuteMethodArgsArray primitiveExecuteMethod
195: primitiveFindNextUnwindContext primitiveTerminateTo primitiveFindHandlerContext primitiveMarkUnwindMethod
  primitiveMarkHandlerMethod
207: primitiveFullClosureValue primitiveFullClosureValueWithArgs primitiveFullClosureValueNoContextSwitch
  primitiveContextAt primitiveContextAtPut primitiveContextSize primitiveContextXray primitiveVoidVMState
  primitiveFlushCacheByMethod
218: primitiveDoNamedPrimitiveWithArgs
230: primitiveRelinquishProcessor
240: primitiveUTCMicrosecondClock primitiveLocalMicrosecondClock primitiveSignalAtUTCMicroseconds
  primitiveUpdateTimezone primitiveUtcAndTimezoneOffset primitiveCoarseUTCMicrosecondClock
  primitiveCoarseLocalMicrosecondClock
248: primitiveArrayBecomeOneWayNoCopyHash
250: primitiveClearVMProfile primitiveControlVMProfiling primitiveVMProfileSamplesInto
254: primitiveVMParameter
541: primitiveSmallFloatAdd primitiveSmallFloatSubtract primitiveSmallFloatLessThan
  primitiveSmallFloatGreaterThan primitiveSmallFloatLessOrEqual primitiveSmallFloatGreaterOrEqual
  primitiveSmallFloatEqual primitiveSmallFloatNotEqual primitiveSmallFloatMultiply primitiveSmallFloatDivide
  primitiveSmallFloatTruncated primitiveSmallFloatFractionalPart primitiveSmallFloatExponent
  primitiveSmallFloatTimesTwoPower primitiveSmallFloatSquareRoot primitiveSmallFloatSine
  primitiveSmallFloatArctan primitiveSmallFloatLogN primitiveSmallFloatExp
570: primitiveFlushExternalPrimitives primitiveUnloadModule primitiveListBuiltinModule
  primitiveListExternalModule
`;

/** Squeak's VM only, or under another name in Pharo's. */
const SQUEAK = `
91: primitiveTestDisplayDepth primitiveSetDisplayMode primitiveInputSemaphore primitiveGetNextEvent
  primitiveInputWord
98: primitiveStoreImageSegment primitiveLoadImageSegment
101: primitiveBeCursor primitiveBeDisplay primitiveScanCharacters
106: primitiveScreenSize
114: primitiveExitToDebugger
122: primitiveNoop
126: primitiveDeferDisplayUpdates primitiveShowDisplayRect
133: primitiveSetInterruptKey primitiveInterruptSemaphore
140: primitiveBeep primitiveClipboardText
158: primitiveCompareWith
200: primitiveClosureCopyWithCopiedValues primitiveClosureValue primitiveClosureValue primitiveClosureValue
  primitiveClosureValue primitiveClosureValue primitiveClosureValueWithArgs
221: primitiveClosureValueNoContextSwitch primitiveClosureValueNoContextSwitch
231: primitiveForceDisplayUpdate primitiveFormPrint primitiveSetFullScreen
238: primitiveFloatArrayAt primitiveFloatArrayAtPut
247: primitiveSnapshotEmbedded
249: primitiveArrayBecomeOneWayCopyHashArg
253: primitiveCollectCogCodeConstituents
568: primitiveSuspendBackingUpV1
575: primitiveHighBit
578: primitiveSuspendBackingUpV2
`;

/** Pharo's VM only, or under another name in Squeak's. */
const PHARO = `
90: primitiveMoveToPermSpace primitiveMoveToPermSpaceInBulk primitiveIsInPermSpace
  primitiveMoveToPermSpaceAllOldObjects
156: primitiveCompareBytes
158: primitiveStringCompareWith
231: primitiveFormat
249: primitiveArrayBecomeOneWayCopyHash
574: primitiveFloat64ArrayAdd
596: primitiveNewOldSpace primitiveNewWithArgOldSpace primitiveNewPinned primitiveNewWithArgPinned
  primitiveLoadBoolean8FromBytes primitiveLoadUInt8FromBytes primitiveLoadInt8FromBytes
  primitiveLoadUInt16FromBytes primitiveLoadInt16FromBytes primitiveLoadUInt32FromBytes
  primitiveLoadInt32FromBytes primitiveLoadUInt64FromBytes primitiveLoadInt64FromBytes
  primitiveLoadPointerFromBytes primitiveLoadChar8FromBytes primitiveLoadChar16FromBytes
  primitiveLoadChar32FromBytes primitiveLoadFloat32FromBytes primitiveLoadFloat64FromBytes
  primitiveStoreBoolean8IntoBytes primitiveStoreUInt8IntoBytes primitiveStoreInt8IntoBytes
  primitiveStoreUInt16IntoBytes primitiveStoreInt16IntoBytes primitiveStoreUInt32IntoBytes
  primitiveStoreInt32IntoBytes primitiveStoreUInt64IntoBytes primitiveStoreInt64IntoBytes
  primitiveStorePointerIntoBytes primitiveStoreChar8IntoBytes primitiveStoreChar16IntoBytes
  primitiveStoreChar32IntoBytes primitiveStoreFloat32IntoBytes primitiveStoreFloat64IntoBytes
  primitiveLoadBoolean8FromExternalAddress primitiveLoadUInt8FromExternalAddress
  primitiveLoadInt8FromExternalAddress primitiveLoadUInt16FromExternalAddress
  primitiveLoadInt16FromExternalAddress primitiveLoadUInt32FromExternalAddress
  primitiveLoadInt32FromExternalAddress primitiveLoadUInt64FromExternalAddress
  primitiveLoadInt64FromExternalAddress primitiveLoadPointerFromExternalAddress
  primitiveLoadChar8FromExternalAddress primitiveLoadChar16FromExternalAddress
  primitiveLoadChar32FromExternalAddress primitiveLoadFloat32FromExternalAddress
  primitiveLoadFloat64FromExternalAddress primitiveStoreBoolean8IntoExternalAddress
  primitiveStoreUInt8IntoExternalAddress primitiveStoreInt8IntoExternalAddress
  primitiveStoreUInt16IntoExternalAddress primitiveStoreInt16IntoExternalAddress
  primitiveStoreUInt32IntoExternalAddress primitiveStoreInt32IntoExternalAddress
  primitiveStoreUInt64IntoExternalAddress primitiveStoreInt64IntoExternalAddress
  primitiveStorePointerIntoExternalAddress primitiveStoreChar8IntoExternalAddress
  primitiveStoreChar16IntoExternalAddress primitiveStoreChar32IntoExternalAddress
  primitiveStoreFloat32IntoExternalAddress primitiveStoreFloat64IntoExternalAddress
`;

/** What the number meant before Squeak 4.2 and Pharo 1.0, where that is something else or nothing now. */
const BEFORE_CLOSURES = `
80: primitiveBlockCopy primitiveValue primitiveValueWithArgs
90: primitiveMousePoint primitiveTestDisplayDepth
96: primitiveCopyBits
104: primitiveDrawLoop
107: primitiveMouseButtons primitiveKbdNext primitiveKbdPeek
122: primitiveReverseDisplay primitiveValueUninterruptably
146: primitiveReadJoystick primitiveWarpBits
150: primitiveFileAtEnd primitiveFileClose primitiveFileGetPosition primitiveFileOpen primitiveFileRead
  primitiveFileSetPosition primitiveFileDelete primitiveFileSize primitiveFileWrite primitiveFileRename
  primitiveDirectoryCreate primitiveDirectoryDelimitor primitiveDirectoryLookup primitiveDirectoryDelete
169: primitiveDirectorySetMacTypeAndCreator primitiveSoundStart primitiveSoundStartWithSemaphore
  primitiveSoundStop primitiveSoundAvailableSpace primitiveSoundPlaySamples primitiveSoundPlaySilence
  primWaveTableSoundmixSampleCountintostartingAtpan primFMSoundmixSampleCountintostartingAtpan
  primPluckedSoundmixSampleCountintostartingAtpan primSampledSoundmixSampleCountintostartingAtpan
  primFMSoundmixSampleCountintostartingAtleftVolrightVol
  primPluckedSoundmixSampleCountintostartingAtleftVolrightVol
  primSampledSoundmixSampleCountintostartingAtleftVolrightVol primReverbSoundapplyReverbTostartingAtcount
  primLoopedSampledSoundmixSampleCountintostartingAtleftVolrightVol
  primSampledSoundmixSampleCountintostartingAtleftVolrightVol
189: primitiveSoundInsertSamples primitiveSoundStartRecording primitiveSoundStopRecording
  primitiveSoundGetRecordingSampleRate primitiveSoundRecordSamples primitiveSoundSetRecordLevel
200: primitiveInitializeNetwork primitiveResolverStartNameLookup primitiveResolverNameLookupResult
  primitiveResolverStartAddressLookup primitiveResolverAddressLookupResult primitiveResolverAbortLookup
  primitiveResolverLocalAddress primitiveResolverStatus primitiveResolverError primitiveSocketCreate
  primitiveSocketDestroy primitiveSocketConnectionStatus primitiveSocketError primitiveSocketLocalAddress
  primitiveSocketLocalPort primitiveSocketRemoteAddress primitiveSocketRemotePort primitiveSocketConnectToPort
  primitiveSocketListenWithOrWithoutBacklog primitiveSocketCloseConnection primitiveSocketAbortConnection
  primitiveSocketReceiveDataBufCount primitiveSocketReceiveDataAvailable primitiveSocketSendDataBufCount
  primitiveSocketSendDone primitiveSocketAccept
231: primitiveForceDisplayUpdate
234: primitiveDecompressFromByteArray primitiveCompareString primitiveConvert8BitSigned
  primitiveCompressToByteArray primitiveSerialPortOpen primitiveSerialPortClose primitiveSerialPortWrite
  primitiveSerialPortRead
243: primitiveTranslateStringWithTable primitiveFindFirstInString primitiveIndexOfAsciiInString
  primitiveFindSubstring
248: primitiveInvokeObjectAsMethod
521: primitiveMIDIClosePort primitiveMIDIGetClock primitiveMIDIGetPortCount primitiveMIDIGetPortDirectionality
  primitiveMIDIGetPortName primitiveMIDIOpenPort primitiveMIDIParameterGetOrSet primitiveMIDIRead
  primitiveMIDIWrite
540: primitiveAsyncFileClose primitiveAsyncFileOpen primitiveAsyncFileReadResult primitiveAsyncFileReadStart
  primitiveAsyncFileWriteResult primitiveAsyncFileWriteStart
548: primitiveGetTabletParameters primitiveReadTablet primitiveDecodeMono primitiveDecodeStereo
  primitiveEncodeMono primitiveEncodeStereo
`;

function parse(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  let number = 0;
  for (const word of text.trim().split(/\s+/)) {
    if (word.endsWith(':')) number = Number.parseInt(word, 10);
    else names.set(number++, word);
  }
  return names;
}

/** What one number is called, by whom. */
export interface KnownNumber {
  readonly number: number;
  readonly squeak: string | undefined;
  readonly pharo: string | undefined;
  /** Where it meant something else. */
  readonly beforeClosures: string | undefined;
}

/** Every number that has a name in any of them, in order. */
export function knownNumbers(): readonly KnownNumber[] {
  const common = parse(COMMON);
  const squeak = new Map([...common, ...parse(SQUEAK)]);
  const pharo = new Map([...common, ...parse(PHARO)]);
  const old = parse(BEFORE_CLOSURES);
  const numbers = new Set([...squeak.keys(), ...pharo.keys(), ...old.keys()]);
  return [...numbers]
    .sort((a, b) => a - b)
    .map((number) => ({
      number,
      squeak: squeak.get(number),
      pharo: pharo.get(number),
      beforeClosures: old.get(number),
    }));
}

/** The name of a number, the old one in an image with V3's objects; undefined where nobody gave it any. */
export function knownName(number: number, isV3 = false): string | undefined {
  const known = knownNumbers().find((each) => each.number === number);
  if (isV3 && known?.beforeClosures !== undefined) return known.beforeClosures;
  return known?.squeak ?? known?.pharo ?? known?.beforeClosures;
}
