/** Shells that `krm completion` writes for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

const BASH = `# krm completion bash: source <(krm completion bash)
_krm() {
  local line words current before
  read -ra words <<< "\${COMP_LINE:0:COMP_POINT}"
  [[ "\${COMP_LINE:COMP_POINT-1:1}" == " " ]] && words+=("")
  current="\${words[\${#words[@]}-1]}"
  # Bash takes "=" and ":" for the ends of words: what stands before is there already.
  before="\${current%"\${current##*[=:]}"}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ "$line" == ":files" ]]; then
      compopt -o default
      return
    fi
    line="\${line%%$'\\t'*}"
    [[ "$line" == *[=/] ]] && compopt -o nospace
    COMPREPLY+=("\${line#"$before"}")
  done < <(krm __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _krm krm
`;

const ZSH = `#compdef krm
# krm completion zsh: source <(krm completion zsh), or as _krm in a folder of $fpath
_krm() {
  local line value
  local -a lines values shown begun begun_shown
  lines=("\${(@f)$(krm __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${lines[1]}" == ":files" ]]; then
    _files
    return
  fi
  for line in "\${lines[@]}"; do
    [[ -n "$line" ]] || continue
    value="\${line%%$'\\t'*}"
    line="$value  \${line#*$'\\t'}"
    if [[ "$value" == *[=/] ]]; then
      begun+=("$value")
      begun_shown+=("$line")
    else
      values+=("$value")
      shown+=("$line")
    fi
  done
  compadd -Q -S '' -d begun_shown -a begun
  compadd -Q -d shown -a values
}
if [[ "\${funcstack[1]}" == "_krm" ]]; then
  _krm "$@"
else
  compdef _krm krm
fi
`;

const FISH = `# krm completion fish: krm completion fish | source
function __krm_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines (krm __complete -- $words[2..] 2>/dev/null)
  if test "$lines[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $lines
  end
end
complete -c krm -f -a '(__krm_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** What a shell is to be told. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
