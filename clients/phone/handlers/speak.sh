#!/data/data/com.termux/files/usr/bin/sh
# Says a text aloud. {"text"}, or a string; "language" (de, en-GB), "rate" and "pitch" in percent (100), "stream".
set -u
needs=termux-tts-speak
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

text=$(text text) || exit 1
language=$(text language) || exit 1
rate=$(whole rate 10 400 100) || exit 1
pitch=$(whole pitch 10 400 100) || exit 1
stream=$(choice stream NOTIFICATION ALARM MUSIC RING SYSTEM VOICE_CALL) || exit 1
[ -n "$text" ] || refuse 'The payload has no text.'
case $language in
  *[!A-Za-z-]* | -* | *- | *-*-*) refuse "The language is '$language'; it takes one like de or en-GB." ;;
esac

set -- -r "$((rate / 100)).$(printf %02d "$((rate % 100))")" -p "$((pitch / 100)).$(printf %02d "$((pitch % 100))")" -s "$stream"
[ -z "$language" ] || set -- "$@" -l "${language%%-*}"
case $language in *-*) set -- "$@" -n "${language#*-}" ;; esac
# Not as an argument: there, a text that begins with a dash would be an option. It takes as long as it speaks.
printf '%s' "$text" | ask 100 "$needs" "$@"
