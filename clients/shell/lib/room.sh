# shellcheck shell=sh
# The directory in which a job's files are kept while it is done. It can be full, and a cleaner of temporary files can take it
# away. A job is claimed only when there is room for it, and a reserve is kept, so that its end can be reported from a full disk.

# Of the reserve, and as much again before a claim: a payload and a result of the default sizes, several times.
reserve_kib=256

# Makes the directory if it is not there, or is no longer this user's. 1: that is not possible, and $trouble says why.
have_dir() {
  if [ -n "$dir" ] && [ -d "$dir" ] && [ -O "$dir" ]; then return 0; fi
  if made=$(mktemp -d 2>&1); then
    dir=$made
  else
    trouble="no directory for temporary files can be made: $made"
    return 1
  fi
}

can_keep_job() {
  retry_said=
  have_dir || return 1
  rm -f "$dir/probe" "$dir/payload" "$dir/handler.result" "$dir/handler.errors" "$dir/report.body" "$dir/claim.answer"
  if { [ -s "$dir/reserve" ] || put_by; } && keep probe cat "$dir/reserve"; then
    rm -f "$dir/probe"
    keep claim.body printf '' && return
  fi
  rm -f "$dir/probe"
  trouble="there is no room for a job's files in $dir, which takes $((2 * reserve_kib)) KiB"
  return 1
}

put_by() {
  keep reserve blanks "$reserve_kib" && return
  rm -f "$dir/reserve"
  return 1
}

blanks() { LC_ALL=C awk -v kib="$1" 'BEGIN { while (kib-- > 0) printf "%1024s", "" }'; } # KIB

# Writes what a command prints to a file. 1: not all of it is there. By cat, since awks differ in whether they notice.
keep() { # FILE COMMAND…
  kept=$dir/$1
  shift
  { "$@" | cat > "$kept"; } 2> /dev/null
}

# The same, if need be in place of the reserve. 1: not even so, and $trouble says why.
must_keep() { # FILE COMMAND…
  have_dir || return 1
  keep "$@" && return
  rm -f "$dir/reserve"
  keep "$@" && return
  trouble="there is no room in $dir"
  return 1
}
