# Which bus, which key, and what this phone is called and allows: as given, as before, of the bus on this phone, or asked for.

# Sets $url, $key, $name, $allow, $sms_to, $namespace, $wake_lock and $sign. For a dry run it asks for nothing.
settle() {
  local bus_here=$HOME/intent-bus
  if [ -n "$key_file" ]; then
    [ -r "$key_file" ] || fail "there is no $key_file." 'Check --key-file.'
    key=$(head -n 1 "$key_file" | tr -d '\r')
    case $key in
      *_*=?*) say "The first line of $key_file looks like NAME=value; all of it counts as the key." ;;
    esac
  fi
  if [ -z "$url" ] && [ ! -f "$worker_home/settings.env" ] && [ -s "$bus_here/first-device.key" ]; then
    url=$(bus_url "$(setting_of "$bus_here/settings.env" HOST)" "$(setting_of "$bus_here/settings.env" PORT)")
    [ -n "$key" ] || key=$(cat "$bus_here/first-device.key")
    say "The bus is the one on this phone, $url"
  fi
  # A key goes nowhere but to the bus that it was for.
  if [ -z "$key" ] && { [ -z "$url" ] || [ "${url%/}" = "$(before BUS_URL)" ]; }; then
    key=$(cat "$worker_home/key" 2> /dev/null) || key=
  fi
  url=${url:-$(before BUS_URL)}
  [ -n "$url$dry_run" ] || ask_for_bus
  [ -n "$key$dry_run" ] || ask_for_key
  name=${name:-$(before BUS_WORKER_ID)}
  name=${name:-$(model)}
  namespace=${namespace:-$(before BUS_NAMESPACE)}
  namespace=${namespace:-phone}
  allow=${allow:-$(before PHONE_ALLOW)}
  [ "$allow" != none ] || allow=
  sms_to=${sms_to:-$(before PHONE_SMS_TO)}
  [ "$sms_to" != none ] || sms_to=
  wake_lock=${wake_lock:-$(before PHONE_WAKE_LOCK)}
  wake_lock=${wake_lock:-yes}
  sign=${sign:-$(before BUS_SIGN)}
  sign=${sign:-false}

  url=${url%/}
  case ${url:-$dry_run} in http://?* | https://?* | yes) ;; *) misused "the URL is '$url'; it takes http://… or https://…" ;; esac
  plain 'the URL' "$url" 'A-Za-z0-9:/.@%_~?=&[]-'
  plain 'the key' "$key" 'A-Za-z0-9_.~+/=-'
  plain --name "$name" 'A-Za-z0-9_.:-' 64
  plain --namespace "$namespace" 'A-Za-z0-9_.-' 64
  plain --sms-to "$sms_to" 'a-z0-9+, '
  local each
  for each in ${allow//,/ }; do
    [ -f "$here/handlers/$each.sh" ] || misused "--allow names '$each'; there are sms, photo, sensor, location, clipboard"
  done
  plain --allow "$allow" 'a-z, '
  case $wake_lock in yes | no) ;; *) misused "--wake-lock is '$wake_lock'; it takes yes or no" ;; esac
  case $sign in true | false) ;; *) misused "BUS_SIGN is '$sign'; it takes true or false" ;; esac
}

before() { # SETTING
  [ ! -f "$worker_home/settings.env" ] || sed -n "s/^$1='\{0,1\}\([^']*\)'\{0,1\}\$/\1/p" "$worker_home/settings.env" | tail -n 1
}

# A file that a shell reads holds nothing but these.
plain() { # WHAT VALUE CHARACTERS [MOST]
  [ -z "$(printf '%s' "$2" | LC_ALL=C tr -d "$3")" ] || misused "$1 has a character in it that it does not take"
  [ "${#2}" -le "${4:-1000}" ] || misused "$1 is too long; it takes ${4:-1000} characters"
}

# By hand, or what the QR code of a bus on another phone says: BUS_URL=… BUS_API_KEY=…
ask_for_bus() {
  local line word
  printf 'The address of the bus (http://…), or the text of its QR code: ' >&2
  IFS= read -r line || fail 'there is no address of a bus.' 'Give it with --url, and the key in BUS_API_KEY.'
  set -f
  for word in $line; do
    case $word in
      BUS_URL=*) url=${word#BUS_URL=} ;;
      BUS_API_KEY=*) key=${word#BUS_API_KEY=} ;;
      *) url=$word ;;
    esac
  done
  set +f
}

ask_for_key() {
  printf 'The API key (it is not shown): ' >&2
  IFS= read -rs key || fail 'there is no API key.' 'Give it in BUS_API_KEY, or --key-file. On the bus: intent-bus keys create NAME'
  echo >&2
  [ -n "$key" ] || fail 'there is no API key.' 'On the bus: intent-bus keys create NAME'
}

# SM-G960F, or the like; all Androids have the same host name.
model() {
  local found=''
  ! has getprop || found=$(getprop ro.product.model | LC_ALL=C tr -c 'A-Za-z0-9_.:\n-' '-' | cut -c 1-64)
  echo "${found:-phone}"
}

write_worker_settings() {
  mkdir -p "$worker_home"
  printf '%s\n' "$key" > "$worker_home/key.new"
  mv -f "$worker_home/key.new" "$worker_home/key"
  {
    cat << END
# Settings of this phone's worker; they count from the next \`intent-bus-worker restart\`. docs/phone-worker.md
BUS_URL='$url'
BUS_WORKER_ID='$name'
BUS_NAMESPACE='$namespace'
BUS_SIGN='$sign'
PHONE_ALLOW='$allow'
PHONE_SMS_TO='$sms_to'
PHONE_WAKE_LOCK='$wake_lock'
END
    # What was written there by hand stays.
    grep -vsE '^(#|BUS_(URL|WORKER_ID|NAMESPACE|SIGN)=|PHONE_(ALLOW|SMS_TO|WAKE_LOCK)=)' "$worker_home/settings.env" || true
  } > "$worker_home/settings.env.new"
  mv -f "$worker_home/settings.env.new" "$worker_home/settings.env"
}
