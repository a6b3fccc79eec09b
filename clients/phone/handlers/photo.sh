#!/data/data/com.termux/files/usr/bin/sh
# Takes a photo. {"camera": 0 to 9 (0)}. The result: {"file", "bytes"}, or with PHONE_PHOTO_URL {"url", "bytes"}.
set -u
needs=termux-camera-photo
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

camera=$(whole camera 0 9 0) || exit 1
photos=$PHONE_HOME/photos
file=$photos/$INTENT_ID.jpg
umask 077
mkdir -p "$photos" || exit 1
rm -f "$file"
ask 60 "$needs" -c "$camera" "$file" < /dev/null
# Whatever went wrong, it has made the file, and says nothing.
if ! [ -s "$file" ]; then
  rm -f "$file"
  refuse "There is no photo. May Termux:API use the camera, and is there a camera $camera? $answer"
fi
bytes=$(wc -c < "$file")

if [ -z "${PHONE_PHOTO_URL:-}" ]; then
  # The newest fifty: a full phone takes none at all.
  (cd "$photos" && find . -name '*.jpg' -exec ls -t {} + | tail -n +51 | xargs rm -f)
  printf '{"file":%s,"bytes":%d}' "$(printf '%s' "$file" | quoted)" "$bytes"
  exit
fi
url=${PHONE_PHOTO_URL%/}/$INTENT_ID.jpg
curl -q -sS -f --globoff --proto '=http,https' --connect-timeout 15 -m 60 -o /dev/null -T "$file" "$url" ||
  refuse 'The photo could not be sent to PHONE_PHOTO_URL.'
rm -f "$file"
printf '{"url":%s,"bytes":%d}' "$(printf '%s' "$url" | quoted)" "$bytes"
