# Node, as this release needs it.

must_have_node() {
  node -e 'import(process.argv[1]).then(({ isSuitable }) => process.exit(isSuitable(process.versions.node) ? 0 : 3))' \
    "$release/service/suitable-node.js" < /dev/null ||
    fail "Node does not start, or is too old ($(node -v 2> /dev/null || echo 'it does not start'))." \
      'pkg upgrade, then pkg install nodejs-lts; then run this again.'
}
