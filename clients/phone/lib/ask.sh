# shellcheck shell=sh
# Asks something of the phone, by a command of Termux:API. What it answers is in $answer. Ends the handler with 1 when it was
# surely not done, and with 124 when nobody knows: to end the command does not call off what the app was asked.

ask() { # SECONDS COMMAND [ARGUMENT…]
  limit=$1
  shift
  # Without the app, or while Android asks whether it may, the commands wait for ever.
  answer=$(timeout "$limit" "$@")
  code=$?
  case $code in
    0) ;;
    # coreutils; busybox, which ends it by a signal.
    124 | 137 | 143) refuse "$1 did not answer within $limit s. Is the app Termux:API installed, and may it do this?" 124 ;;
    *)
      # Another signal.
      [ "$code" -le 128 ] || refuse "$1 was ended before it answered: $answer" 124
      refuse "$1 failed: $answer"
      ;;
  esac
  # A refusal comes with exit code 0, as {"error": …} or {"API_ERROR": …}.
  case $answer in
    '{'*)
      if error=$(printf '%s' "$answer" | json text error) || error=$(printf '%s' "$answer" | json text API_ERROR); then
        refuse "$1: $error"
      fi
      ;;
  esac
}

# The answer as the job's result.
# shellcheck disable=SC2154 # the command that the handler needs
hand_over() {
  printf '%s' "$answer" | json check || refuse "$needs answered no JSON: $answer"
  printf '%s' "$answer"
}
