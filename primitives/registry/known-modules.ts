/**
 * Modules of named primitives that Squeak's and Pharo's VMs bring along, and those of their primitives that images call: facts about other systems,
 * for the page that says which of them we have. A module without names has none of its own here, and a word on what it is for.
 * Source: the plugins of VMMaker in OpenSmalltalk's and Pharo's VMs, of SqueakJS, and the methods of Pharo's image.
 */

export const KNOWN_PRIMITIVES: Readonly<Record<string, string>> = {
  BitBltPlugin: 'primitiveCopyBits primitiveDisplayString primitiveDrawLoop primitivePixelValueAt primitiveWarpBits',
  DSAPrims:
    'primitiveBigDivide primitiveBigMultiply primitiveExpandBlock primitiveHasSecureHashPrimitive primitiveHashBlock primitiveHighestNonZeroDigitIndex',
  FileAttributesPlugin:
    'primitiveChangeMode primitiveChangeOwner primitiveClosedir primitiveFileAttribute primitiveFileAttributes primitiveFileExists primitiveFileMasks primitiveLogicalDrives primitiveOpendir primitivePathMax primitivePlatToStPath primitiveReaddir primitiveRewinddir primitiveStToPlatPath primitiveSymlinkChangeOwner primitiveVersionString',
  FilePlugin:
    'primitiveConnectToFile primitiveConnectToFileDescriptor primitiveDirectoryCreate primitiveDirectoryDelete primitiveDirectoryDelimitor primitiveDirectoryEntry primitiveDirectoryGetMacTypeAndCreator primitiveDirectoryLookup primitiveDirectorySetMacTypeAndCreator primitiveFileAtEnd primitiveFileClose primitiveFileDelete primitiveFileDescriptorType primitiveFileFlush primitiveFileGetPosition primitiveFileOpen primitiveFileOpenNew primitiveFileRead primitiveFileRename primitiveFileSetPosition primitiveFileSize primitiveFileStdioHandles primitiveFileSync primitiveFileTruncate primitiveFileWrite primitiveWaitForDataWithSemaphore',
  FloatArrayPlugin:
    'primitiveAddFloatArray primitiveAddScalar primitiveAt primitiveAtPut primitiveDivFloatArray primitiveDivScalar primitiveDotProduct primitiveEqual primitiveHashArray primitiveLength primitiveMulFloatArray primitiveMulScalar primitiveNormalize primitiveSubFloatArray primitiveSubScalar primitiveSum',
  Float64ArrayPlugin:
    'primitiveAddFloat64Array primitiveAddScalar primitiveAt primitiveAtPut primitiveDivFloat64Array primitiveDivScalar primitiveDotProduct primitiveEqual primitiveHashArray primitiveLength primitiveMulFloat64Array primitiveMulScalar primitiveNormalize primitiveSubFloat64Array primitiveSubScalar primitiveSum',
  FloatMathPlugin:
    'primitiveArcCos primitiveArcCosH primitiveArcSin primitiveArcSinH primitiveArcTan primitiveArcTan2 primitiveArcTanH primitiveCos primitiveCosH primitiveExp primitiveFMod primitiveFractionalPart primitiveHypot primitiveLog10 primitiveLogN primitiveRaisedToPower primitiveSin primitiveSinH primitiveSqrt primitiveTan primitiveTanH primitiveTimesTwoPower',
  LargeIntegers:
    'primAnyBitFromTo primDigitAdd primDigitBitAnd primDigitBitOr primDigitBitShiftMagnitude primDigitBitXor primDigitCompare primDigitDivNegative primDigitMultiplyNegative primDigitSubtract primGetModuleName primMontgomeryDigitLength primMontgomeryTimesModulo primNormalizeNegative primNormalizePositive',
  LocalePlugin:
    'primitiveCountry primitiveCurrencyNotation primitiveCurrencySymbol primitiveDaylightSavings primitiveDecimalSymbol primitiveDigitGroupingSymbol primitiveLanguage primitiveLongDateFormat primitiveMeasurementMetric primitiveShortDateFormat primitiveTimeFormat primitiveTimezoneOffset primitiveVMOffsetToUTC',
  Matrix2x3Plugin:
    'primitiveComposeMatrix primitiveInvertPoint primitiveInvertRectInto primitiveIsIdentity primitiveIsPureTranslation primitiveTransformPoint primitiveTransformRectInto',
  MiscPrimitivePlugin:
    'primitiveCompareString primitiveCompressToByteArray primitiveConvert8BitSigned primitiveDecompressFromByteArray primitiveFindFirstInString primitiveFindSubstring primitiveIndexOfAsciiInString primitiveStringHash primitiveTranslateStringWithTable',
  SecurityPlugin:
    'primitiveCanWriteImage primitiveDisableImageWrite primitiveGetSecureUserDirectory primitiveGetUntrustedUserDirectory',
  UUIDPlugin: 'primitiveMakeUUID',
  ZipPlugin:
    'primitiveDeflateBlock primitiveDeflateUpdateHashTable primitiveInflateDecompressBlock primitiveUpdateAdler32 primitiveUpdateGZipCrc32 primitiveZipSendBlock',
};

/** Modules whose primitives are not listed, and what they are for. */
export const OTHER_MODULES: Readonly<Record<string, string>> = {
  ADPCMCodecPlugin: 'sound codecs',
  AsynchFilePlugin: 'files read beside the image',
  B2DPlugin: 'Balloon, anti-aliased outlines; images have it in Smalltalk too',
  B3DAcceleratorPlugin: '3D',
  BMPReadWriterPlugin: 'lines of BMP pictures; images have it in Smalltalk too',
  CameraPlugin: 'cameras',
  ClipboardExtendedPlugin: "the desktop's clipboard",
  CroquetPlugin: 'random bytes, sound mixing',
  DropPlugin: 'files dropped onto a window',
  FFTPlugin: 'Fourier transforms; images have it in Smalltalk too',
  FT2Plugin: 'FreeType fonts',
  FontPlugin: 'fonts of the system',
  GeniePlugin: 'gesture recognition',
  HostWindowPlugin: 'windows of the system',
  IA32ABI: "Alien's callouts",
  InternetConfigPlugin: 'settings of old Mac OS',
  JPEGReadWriter2Plugin: 'JPEG through libjpeg',
  JPEGReaderPlugin: 'JPEG; images have it in Smalltalk too',
  JoystickTabletPlugin: 'joysticks and tablets',
  KedamaPlugin: 'particles in Etoys',
  Klatt: 'speech',
  MD5Plugin: 'MD5',
  MIDIPlugin: 'MIDI ports',
  Mpeg3Plugin: 'MPEG',
  RePlugin: 'regular expressions through PCRE',
  ScratchPlugin: "Scratch's effects",
  SerialPlugin: 'serial ports',
  SocketPlugin: 'sockets',
  SoundGenerationPlugin: 'sound synthesis',
  SoundPlugin: 'sound',
  SqueakFFIPrims: "Squeak's FFI; its call pragmas are compiled to callouts of ours",
  SqueakSSL: 'TLS',
  StarSqueakPlugin: 'patches and turtles',
  SurfacePlugin: 'forms in memory of C',
  UnicodePlugin: 'text drawn by the system',
  UnixOSProcessPlugin: 'processes of the system',
};
