#!/data/data/com.termux/files/usr/bin/sh
# Sends a text message. {"to": a number like +491701234567, "text"}; only to numbers that PHONE_SMS_TO names.
set -u
needs=termux-sms-send
. "$(dirname "$0")/parts/payload.sh"
. "$(dirname "$0")/parts/phone.sh"

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

# A job may come twice (its lease ran out, or the report was lost); a message goes once.
sent=$PHONE_HOME/sms-sent
mkdir -p "$PHONE_HOME" || exit 1
if grep -qsx "$INTENT_ID" "$sent"; then exit 0; fi
printf '%s' "$text" | ask 30 "$needs" -n "$to" || exit 1
{
  tail -n 999 "$sent" 2> /dev/null
  echo "$INTENT_ID"
} > "$sent.new" && mv -f "$sent.new" "$sent"
