# shellcheck shell=sh
# Whose word an answer is. The log-in page of a Wi-Fi, a proxy or a firewall answers with any status; only what comes in the
# bus's own form counts: X-Intent-Version in its head, and for an error also the JSON error object.

carriage_return=$(printf '\r')
version_said='' type_said='' date_said='' retry_said=''

# Sets $version_said, $type_said, $date_said and $retry_said from the head of an answer. A proxy on the way sends a head of its own
# first; the last one counts.
read_head() { # FILE
  version_said='' type_said='' date_said='' retry_said=''
  [ -f "$1" ] || return 0
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%"$carriage_return"}
    case $line in
      HTTP/*) version_said='' type_said='' date_said='' retry_said='' ;;
      [Xx]-[Ii][Nn][Tt][Ee][Nn][Tt]-[Vv][Ee][Rr][Ss][Ii][Oo][Nn]:*) version_said=${line#*:} ;;
      [Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Tt][Yy][Pp][Ee]:*) type_said=${line#*:} ;;
      [Dd][Aa][Tt][Ee]:*) date_said=${line#*:} ;;
      [Rr][Ee][Tt][Rr][Yy]-[Aa][Ff][Tt][Ee][Rr]:*) retry_said=${line#*:} ;;
    esac
  done < "$1"
}

# After read_head: whether the bus itself said this.
is_of_the_bus() { # STATUS BODY_FILE
  [ -n "$version_said" ] || return 1
  case $1 in
    [45]??) json raw error < "$2" 2> /dev/null | json text code > /dev/null ;;
  esac
}

# After read_head: what answered instead, for a log: 302 text/html "Log in".
described() { # STATUS BODY_FILE
  kind=$(printf '%s' "${type_said%%;*}" | LC_ALL=C tr -cd 'A-Za-z0-9.+/-')
  words=
  # The beginning says enough, however long it is.
  [ ! -f "$2" ] || words=$(od -An -v -tu1 -N4096 "$2" | excerpt)
  printf '%s' "$1${kind:+ $kind}${words:+ \"$words\"}"
}

# Bytes, as od prints them, as one short line of plain ASCII that any terminal can show: the title of a page, or else its
# first words.
excerpt() {
  LC_ALL=C awk '
    {
      for (i = 1; i <= NF; i++)
        text = text ($i > 127 ? "?" : $i < 32 || $i == 127 ? " " : $i == 34 ? "\47" : sprintf("%c", $i + 0))
    }
    END {
      if (match(tolower(text), /<title[^<>]*>[^<]*/)) text = substr(text, RSTART, RLENGTH)
      gsub(/<[^<>]*>/, " ", text)
      gsub(/ +/, " ", text)
      sub(/^ /, "", text)
      sub(/ $/, "", text)
      if (length(text) > 80) text = substr(text, 1, 77) "..."
      print text
    }'
}

# After read_head: how far this machine's clock is from that of the bus, by the Date of its answer: "2 h 5 min behind that of the bus".
clock_difference() {
  printf '%s %s\n' "$(date +%s)" "$date_said" | LC_ALL=C awk '{
    # 1767225600 Thu, 01 Jan 2026 00:00:00 GMT
    month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", $4) + 2) / 3
    if (NF < 7 || $4 == "" || month < 1) { print "wrong"; exit }
    split($6, time, ":")
    # The year counts from March, so that a leap day is its last day.
    year = $5
    if (month < 3) { month += 12; year-- }
    days = 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * (month - 3) + 2) / 5) + $3 - 719469
    seconds = $1 - (days * 86400 + time[1] * 3600 + time[2] * 60 + time[3])
    way = seconds < 0 ? "behind" : "ahead of"
    if (seconds < 0) seconds = -seconds
    if (seconds < 600) span = seconds " s"
    else if (seconds < 7200) span = int(seconds / 60) " min"
    else if (seconds < 172800) span = int(seconds / 3600) " h " int(seconds % 3600 / 60) " min"
    else span = int(seconds / 86400) " days"
    print span " " way " that of the bus"
  }'
}
