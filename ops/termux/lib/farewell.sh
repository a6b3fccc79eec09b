# What a person wants to know now.

farewell() {
  local host url key
  host=$(setting HOST)
  case $host in
    0.0.0.0 | ::) url=$(bus_url "$(node "$release/ops/termux/own-address.js" < /dev/null)" "$(setting PORT)") ;;
    *) url=$(here) ;;
  esac
  key=$(worker_key)
  cat << END

The bus runs, and starts again by itself.

  On the network   $url
  Dashboard        $url/admin/dashboard  (user admin; the password: intent-bus-phone password)
  A device's key   $key
  More keys        intent-bus keys create NAME
  The master key   $(where_master_key_is); it need not leave the phone

END
  # For the code to scan alone: without it there is none.
  has qrencode || pkg install -y libqrencode < /dev/null > /dev/null 2>&1 || true
  if has qrencode && [[ ! $host =~ ^($|127\.|localhost$|::1$) ]]; then
    say '  For another phone, as a worker: scan this, and paste it there.'
    say ''
    # By a pipe: ps shows arguments.
    printf 'BUS_URL=%s BUS_API_KEY=%s' "$url" "$key" | qrencode -t ANSIUTF8
    say ''
  fi
  cat << 'END'
Android will stop it unless you do this once, by hand:

  1. Install Termux:Boot from where Termux came from (F-Droid), and open it once.
  2. Settings, Apps, Termux and Termux:Boot: Battery, Unrestricted. Some makers have a second list: dontkillmyapp.com
  3. Android 12 and newer kill background processes. 14 and newer: Developer options, Disable child process restrictions, and leave
     the developer options on. Older ones take a command by adb: intent-bus-phone doctor says which, docs/phone.md how.

Then: intent-bus-phone doctor
END
}

where_master_key_is() {
  if [ -n "$(setting BUS_SECRET)$(setting BUS_SECRET_FILE)" ]; then
    echo "as $settings gives it"
  else
    echo "in $(dirname "$(database)")/secrets.env"
  fi
}

# A key of its own for the first device, so that it can be revoked; the same again when this is run again.
worker_key() {
  local file=$bus_home/first-device.key
  if [ ! -s "$file" ]; then
    (cd "$bus_home" && intent-bus keys create 'first device' < /dev/null) > "$file.new" ||
      fail 'no key could be made for a device.' 'intent-bus keys create NAME says why.'
    tail -n 1 "$file.new" > "$file"
    rm -f "$file.new"
  fi
  cat "$file"
}
