# SQLite for this phone: compiled here, because no package of it is made for Android; else the one inside of Node. Which it is
# stands in the release, where run.sh reads it.

driver_file=$release/.sqlite-driver
driver_changed=
sqlite_folder=$release/node_modules/better-sqlite3
sqlite_built=$sqlite_folder/build/Release/better_sqlite3.node
sqlite_kept=$sqlite_folder/.built.node
# What a whole compilation costs, in mere readings of SQLite's source; seen: 122 (65 s of processor time and 0.53 s).
COMPILE_TO_READ=120

choose_sqlite() {
  # Killed while the sources were left out.
  if [ -f "$sqlite_kept" ]; then put_compiled_back; fi
  if [ -n "$node_sqlite" ]; then
    use_sqlite_of_node
    return
  fi
  if ! loads; then
    take_from_current || { sources_are_there && compile; } || {
      must_have_room
      say 'Going on with the SQLite inside of Node, which keeps the same promises and is slower. To try again: run this again.'
      use_sqlite_of_node
      return
    }
  fi
  leave_out_sources
  write_driver better-sqlite3
}

# With room it can be compiled.
must_have_room() {
  ! grep -qsE 'ENOSPC|[Nn]o space left' "$bus_home/install.log" && [ "$(free_mebibytes "$bus_home")" -ge 16 ] ||
    fail 'there is no room to compile SQLite.' \
      'Make room (Settings, Storage), and run this again: it goes on from here. Or say --node-sqlite, which compiles nothing.'
}

write_driver() { # NAME
  [ "$(cat "$driver_file" 2> /dev/null)" != "$1" ] || return 0
  echo "$1" > "$driver_file.new"
  mv -f "$driver_file.new" "$driver_file"
  driver_changed=yes
}

use_sqlite_of_node() {
  node -e 'require("node:sqlite")' 2> /dev/null < /dev/null ||
    fail 'this Node has no SQLite inside.' 'pkg upgrade, then pkg install nodejs-lts; then run this again.'
  # None of them is for Android.
  rm -rf "$sqlite_folder/prebuilds"
  write_driver node
}

loads() {
  (cd "$release" && node -e 'new (require("better-sqlite3"))(":memory:").close()') > /dev/null 2>&1 < /dev/null
}

# Compiled once, it serves each release that has the same version.
take_from_current() {
  local from=$bus_home/current/node_modules/better-sqlite3
  local built=$from/${sqlite_built#"$sqlite_folder/"}
  [ -f "$built" ] && [ ! "$built" -ef "$sqlite_built" ] && cmp -s "$from/package.json" "$sqlite_folder/package.json" || return 1
  mkdir -p "$sqlite_folder/build/Release"
  cp "$built" "$sqlite_built"
  loads
}

# What was compiled can be lost when its sources are gone already.
sources_are_there() {
  [ -f "$sqlite_folder/deps/sqlite3/sqlite3.c" ] || {
    rm -f "$release/node_modules/.installed"
    install_libraries
  }
}

compile() {
  local log=$bus_home/install.log gyp=$PREFIX/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js
  local estimate began jobs=1 builder took
  [ "$(nproc)" -lt 2 ] || jobs=2
  estimate=$(compile_estimate) || {
    say 'The compiler does not work.'
    return 1
  }
  say "Compiling SQLite: about $(span "$estimate") here. Keep the screen on, or the phone may slow down; nothing is lost if it is stopped."
  export CC=clang CXX=clang++
  # For Node before 24.18, whose package did not know where its headers are.
  export GYP_DEFINES="android_ndk_path=''"
  # In a process group of its own, since Ctrl-C is to end the compiler too, and not only what has started it.
  set -m
  (cd "$sqlite_folder" && exec node "$gyp" rebuild --release --force_build=1 --nodedir="$PREFIX" --jobs "$jobs") \
    > "$log" 2>&1 < /dev/null &
  builder=$!
  set +m
  trap 'stop_compiling "$builder"; exit 130' INT
  trap 'stop_compiling "$builder"; exit 143' TERM
  began=$SECONDS
  while kill -0 "$builder" 2> /dev/null; do
    took=$((SECONDS - began))
    if [ "$took" -le "$estimate" ]; then
      show_progress "  $(span "$took") of about $(span "$estimate"): $(compiling_now)"
    else
      show_progress "  $(span "$took"), longer than was thought: $(compiling_now)"
    fi
    sleep 1
  done
  trap - INT TERM
  end_progress
  if wait "$builder" && loads; then
    say "Compiled in $(span $((SECONDS - began)))"
    return
  fi
  # The last lines of node-gyp are of itself.
  grep -v '^gyp ' "$log" | tail -n 8 >&2 || true
  say "SQLite could not be compiled here. All that was said: $log"
  return 1
}

stop_compiling() { # PROCESS GROUP
  end_progress
  kill -- "-$1" 2> /dev/null || true
  say 'Stopped. To go on: run this again.' >&2
}

# In seconds, by what reading the source alone costs this phone's processor.
compile_estimate() {
  local TIMEFORMAT=%U read
  read=$({ time clang -w -fsyntax-only "$sqlite_folder/deps/sqlite3/sqlite3.c" > "$bus_home/install.log" 2>&1; } 2>&1) || return 1
  awk -v read="$read" -v times="$COMPILE_TO_READ" 'BEGIN { s = read * times; printf "%d", s < 10 ? 10 : s }'
}

compiling_now() {
  if [ -f "$sqlite_built" ]; then
    echo 'almost done'
  elif [ -f "$sqlite_folder/build/Release/obj.target/sqlite3/gen/sqlite3/sqlite3.o" ]; then
    echo 'SQLite itself is done, its driver is linked'
  else
    echo 'SQLite itself'
  fi
}

# 27 MB become 2.
leave_out_sources() {
  [ -d "$sqlite_folder/deps" ] || [ -d "$sqlite_folder/src" ] || [ -d "$sqlite_folder/prebuilds" ] || return 0
  mv "$sqlite_built" "$sqlite_kept"
  rm -rf "$sqlite_folder/build" "$sqlite_folder/deps" "$sqlite_folder/src" "$sqlite_folder/prebuilds"
  put_compiled_back
}

put_compiled_back() {
  mkdir -p "$sqlite_folder/build/Release"
  mv -f "$sqlite_kept" "$sqlite_built"
}
