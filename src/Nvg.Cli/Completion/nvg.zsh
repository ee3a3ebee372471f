#compdef nvg
# Completion of nvg in zsh. In ~/.zshrc: source <(nvg completion zsh)
_nvg() {
    local line="${(j: :)words[1,CURRENT]}"
    local -a found
    found=(${(f)"$(${(Q)~words[1]} "[suggest:${#line}]" "$line" 2>/dev/null)"})
    # Where nvg suggests nothing, files are completed.
    if (( ${#found} )); then
        compadd -a found
    else
        _files
    fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _nvg nvg
