# Bytes, as `od -An -v -tu1` prints them, as one JSON string in ASCII. Line breaks at the end are left out, as the shell's
# $(…) does; what is not UTF-8 becomes U+FFFD. Works on numbers, so neither the awk nor its locale matters.

{ for (i = 1; i <= NF; i++) bytes[++count] = $i }

END {
  while (count > 0 && bytes[count] == 10) count--
  printf "\""
  for (at = 1; at <= count; at += width) {
    width = 1
    byte = bytes[at] + 0
    if (byte == 34 || byte == 92) printf "\\%c", byte
    else if (byte == 10) printf "\\n"
    else if (byte == 9) printf "\\t"
    else if (byte >= 32 && byte < 127) printf "%c", byte
    else if (byte < 128) escape(byte)
    else sequence(byte)
  }
  printf "\""
}

# A character of 2 to 4 bytes: sets width. The shortest form only, no surrogates, nothing above U+10FFFF.
function sequence(byte,   code, i) {
  if (byte >= 194 && byte < 224) { width = 2; code = byte - 192 }
  else if (byte >= 224 && byte < 240) { width = 3; code = byte - 224 }
  else if (byte >= 240 && byte < 245) { width = 4; code = byte - 240 }
  for (i = 1; i < width; i++) {
    if (bytes[at + i] < 128 || bytes[at + i] >= 192) break
    code = code * 64 + bytes[at + i] - 128
  }
  if (width == 1 || i < width || width == 3 && code < 2048 || width == 4 && code < 65536 || code > 1114111 || code >= 55296 && code < 57344) {
    width = 1
    escape(65533)
  }
  else if (code < 65536) escape(code)
  else {
    escape(55296 + int((code - 65536) / 1024))
    escape(56320 + (code - 65536) % 1024)
  }
}

function escape(code) { printf "\\u%04x", code }
