#!/data/data/com.termux/files/usr/bin/sh
# What the supervisor runs when the worker has ended, with its exit code, in the folder of its service. Here ends what a
# killed one leaves: its poll would take a job that nobody does, its handler go on with one that comes again.
set -u
: "${PREFIX:=/data/data/com.termux/files/usr}" "${HOME:=/data/data/com.termux/files/home}"
export PATH="$PREFIX/bin"
tmp=$HOME/intent-bus-worker/tmp

end_groups() { # SIGNAL FILE…: each holds the number of a group
  signal=$1
  shift
  ended=1
  for file; do
    leader=$(cat "$file" 2> /dev/null)
    case $leader in
      # Of these, 1 would be every process there is.
      '' | *[!0-9]* | 0* | 1) ;;
      *) ! kill -s "$signal" -- "-$leader" 2> /dev/null || ended=0 ;;
    esac
  done
  return "$ended"
}

end_groups KILL group
# A handler may put things right first: the torch goes off.
if end_groups TERM "$tmp"/*/handler.group; then
  sleep 2
  end_groups KILL "$tmp"/*/handler.group
fi
# From now on the numbers may be those of something else.
rm -f group "$tmp"/*/handler.group

# A wrong setting, a refused key and a refused request do not mend themselves: run.sh waits.
case $1 in
  0) ;;
  2 | 4 | 6) : > refused ;;
  *) sleep 2 ;;
esac
