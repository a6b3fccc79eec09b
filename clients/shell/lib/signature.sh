# shellcheck shell=sh
# HMAC-SHA256 from SHA-256 alone. `openssl dgst -hmac KEY` would show the key to everybody who can run ps; here it goes
# from the shell's own printf into a pipe.

prepare_signatures() {
  if command -v openssl > /dev/null; then
    sha256() { openssl dgst -sha256 -r | sed 's/ .*//'; }
  elif command -v sha256sum > /dev/null; then
    sha256() { sha256sum | sed 's/ .*//'; }
  else
    die 2 'signing needs openssl or sha256sum'
  fi
  bytes=$(printf '%s' "$key" | od -An -v -tx1 | tr -d ' \n' | in_pairs)
  # "0xff " 64 times: a longer key counts by its digest.
  if [ "${#bytes}" -gt 320 ]; then bytes=$(printf '%s' "$key" | sha256 | in_pairs); fi
  inner='' outer='' length=0
  for byte in $bytes; do
    inner="$inner $((byte ^ 54))" outer="$outer $((byte ^ 92))" length=$((length + 1))
  done
  while [ "$length" -lt 64 ]; do
    inner="$inner 54" outer="$outer 92" length=$((length + 1))
  done
  inner=$(escapes "$inner")
  outer=$(escapes "$outer")
}

# 0aff → 0x0a 0xff
in_pairs() { sed 's/../0x& /g'; }

# Numbers as printf's %b takes bytes: no variable holds a NUL.
escapes() { # "NUMBER NUMBER …"
  # shellcheck disable=SC2086
  printf '\\0%03o' $1
}

# The HMAC of standard input, in lower-case hex.
hmac() {
  hash=$({ printf '%b' "$inner" && cat; } | sha256 | in_pairs)
  { printf '%b' "$outer" && printf '%b' "$(escapes "$hash")"; } | sha256
}

# The headers of a signed request, as curl's configuration. A repeat needs new ones: a nonce counts once.
signed_headers() { # METHOD PATH BODY_FILE
  time=$(date +%s)
  nonce=$(od -An -v -N16 -tx1 /dev/urandom | tr -d ' \n')
  signature=$({ printf '%s\n%s\n%s\n%s\n' "$1" "$2" "$time" "$nonce" && cat "$3"; } | hmac)
  printf 'header = "X-Timestamp: %s"\nheader = "X-Nonce: %s"\nheader = "X-Signature: %s"\n' "$time" "$nonce" "$signature"
}
