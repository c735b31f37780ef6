# SPDX-License-Identifier: Apache-2.0
#
# Completion for bash. The program's own help says what there is.
_connect_auth() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} help
  help=$("${COMP_WORDS[0]}" --help 2>/dev/null)
  COMPREPLY=()
  case $before in
    --config | --data | --*-file | --*-path | code | provision) return ;; # The shell completes names of files.
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(grep -oE -- ' --[a-z][a-z-]*' <<<"$help")" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -W "$(sed -nE 's/^ +or: +connect-auth \[OPTION\.\.\.\] ([a-z]+).*|^Usage: connect-auth \[OPTION\.\.\.\] ([a-z]+).*/\1\2/p' <<<"$help")" -- "$word")
  fi
}
complete -o default -F _connect_auth connect-auth
