# JSON in any awk (mawk, gawk, busybox), byte for byte: run it with LC_ALL=C. Reads one JSON text from stdin.
#   -v want=check              nothing; the exit code says whether it is JSON
#   -v want=raw  -v name=N     member N of an object, as JSON text
#   -v want=text [-v name=N]   the same (or all of it), a string as the text that it stands for
#   -v want=members            a line for each member of an object: "name":value
# Exits 1 if it is no JSON, or has no such member; null counts as none for text.
# A name goes through awk's own escapes: give plain names only.

{ text = text (NR > 1 ? "\n" : "") $0 }

END {
  if (!split_strings(text) || !valid()) exit 1
  if (want == "check") exit 0
  value = trimmed(text)
  if (name != "" || want == "members") {
    if (value !~ /^[{]/) exit 1
    read_members()
    if (want == "members") {
      for (i = 1; i <= size; i++) print "\"" names[i] "\":" values[i]
      exit 0
    }
    # The last one of several counts.
    for (i = size; i > 0 && decoded(names[i]) != name; i--);
    if (i == 0) exit 1
    value = values[i]
  }
  if (want == "text") {
    if (value == "null") exit 1
    if (value ~ /^"/) value = decoded(substr(value, 2, length(value) - 2))
  }
  printf "%s", value
}

# outside[0] strings[1] outside[1] strings[2] … is the text again, with a quote wherever two of them meet.
function split_strings(text,   n, i, piece, parts) {
  n = split(text, parts, "\"")
  count = 0
  outside[0] = parts[1]
  for (i = 2; i <= n; i++) {
    piece = parts[i]
    # An odd number of backslashes: the quote behind them is part of the string.
    while (match(piece, /\\+$/) && RLENGTH % 2 && i < n) piece = piece "\"" parts[++i]
    if (i == n) return 0
    strings[++count] = piece
    outside[count] = parts[++i]
  }
  return n > 0
}

# Every string is written as ", every other value as 0; then arrays and objects of these become 0, from the innermost
# one on. JSON is what ends as one value. Numbers and words are taken before white space is, so "1 2" stays two.
function valid(   i, piece, all, before) {
  for (i = 0; i <= count; i++) {
    piece = outside[i]
    gsub(/-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?/, "0", piece)
    gsub(/true|false|null/, "0", piece)
    gsub(/[ \t\r\n]+/, "", piece)
    all = all (i > 0 ? "\"" : "") piece
    if (i == 0) continue
    piece = strings[i]
    if (piece ~ /[\001-\037]/) return 0
    gsub(/\\(["\\\/bfnrt]|u[0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f])/, "", piece)
    if (index(piece, "\\")) return 0
  }
  do {
    before = all
    gsub(/[[]([0"](,[0"])*)?[]]/, "0", all)
    gsub(/[{](":[0"](,":[0"])*)?[}]/, "0", all)
  } while (all != before)
  return all == "0" || all == "\""
}

# names[1..size] without their quotes but with their escapes, and values[1..size] as JSON text.
function read_members(   i, j, piece, letter, depth, open, value) {
  size = depth = open = 0
  for (i = 0; i <= count; i++) {
    piece = outside[i]
    if (i > 0 && open) value = value "\"" strings[i] "\""
    else if (i > 0 && sub(/^[ \t\r\n]*:/, "", piece)) {
      names[++size] = strings[i]
      value = ""
      open = 1
    }
    for (j = 1; j <= length(piece); j++) {
      letter = substr(piece, j, 1)
      if (letter == "{" || letter == "[") depth++
      else if (letter == "}" || letter == "]") depth--
      if (open && (depth == 0 || depth == 1 && letter == ",")) {
        values[size] = trimmed(value)
        open = 0
      }
      if (open) value = value letter
    }
  }
}

function trimmed(text) {
  sub(/^[ \t\r\n]+/, "", text)
  sub(/[ \t\r\n]+$/, "", text)
  return text
}

# A string without its quotes as the text that it stands for, in UTF-8.
function decoded(text,   out, at, letter, code, low) {
  while ((at = index(text, "\\")) > 0) {
    out = out substr(text, 1, at - 1)
    letter = substr(text, at + 1, 1)
    text = substr(text, at + 2)
    if (letter == "u") {
      code = hex(substr(text, 1, 4))
      text = substr(text, 5)
      if (code >= 55296 && code < 56320 && text ~ /^\\u[dD][c-fC-F]/) {
        low = hex(substr(text, 3, 4))
        text = substr(text, 7)
        code = 65536 + (code - 55296) * 1024 + low - 56320
      }
      out = out utf8(code)
    }
    else out = out unescaped(letter)
  }
  return out text
}

function unescaped(letter) {
  if (letter == "n") return "\n"
  if (letter == "t") return "\t"
  if (letter == "r") return "\r"
  if (letter == "b") return "\b"
  if (letter == "f") return "\f"
  return letter
}

function hex(digits,   i, code) {
  for (i = 1; i <= 4; i++) code = code * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
  return code
}

# What UTF-8 has no form for (half a surrogate pair), or no argument can hold (0), becomes U+FFFD.
function utf8(code) {
  if (code == 0 || code >= 55296 && code < 57344) code = 65533
  if (code < 128) return sprintf("%c", code)
  if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
  if (code < 65536) return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
  return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, 128 + int(code / 64) % 64, 128 + code % 64)
}
