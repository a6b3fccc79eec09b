#!/data/data/com.termux/files/usr/bin/sh
# Sends a text message. {"to": a number like +491701234567, "text"}; only to numbers that PHONE_SMS_TO names.
set -u
needs=termux-sms-send
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

to=$(text to) || exit 1
text=$(text text) || exit 1
case ${to#+} in
  '' | *[!0-9]*) refuse "The number is '$to'; it takes digits, and a + before them." ;;
esac
[ -n "$text" ] || refuse 'The payload has no text.'
length=$(printf '%s' "$text" | wc -c)
[ "$length" -le 1000 ] || refuse "The text has $length bytes; a message takes 1000, and is paid for every 70 to 160."
case " $(printf '%s' "${PHONE_SMS_TO:-}" | tr ',' ' ') " in
  *" $to "* | *' any '*) ;;
  *) refuse "No message may go to $to: the phone's owner names the numbers in PHONE_SMS_TO." ;;
esac

# A job may come twice: its lease ran out, the report was lost, the phone died. Its message goes once at most: that it is
# being sent stands on the disk before it is, and only what the phone surely refused is taken back.
sent=$PHONE_HOME/sms-sent
mkdir -p "$PHONE_HOME" || exit 1

# Of the newest thousand. An id that stands alone was sent.
write_down() { # "ID", "ID begun", or nothing: it is as if it never came
  {
    grep -vs "^$INTENT_ID" "$sent" | tail -n 999 && { [ -z "$1" ] || echo "$1"; }
  } > "$sent.new" && sync "$sent.new" && mv -f "$sent.new" "$sent" && sync "$PHONE_HOME"
}

case $(grep -s "^$INTENT_ID" "$sent") in
  '') ;;
  "$INTENT_ID") exit 0 ;;
  *) refuse 'An earlier attempt may have sent this message. It is not sent again; publish it anew if it did not come.' ;;
esac
write_down "$INTENT_ID begun" || refuse "The message was not sent: $sent cannot be written."
printf '%s' "$text" | ask 30 "$needs" -n "$to"
case $? in
  # It went, whether that can be written down or not.
  0) write_down "$INTENT_ID" || true ;;
  1)
    write_down ''
    exit 1
    ;;
  *) refuse 'The message may have been sent. It is not sent again.' ;;
esac
