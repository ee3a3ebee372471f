# Completion of nvg in bash. In ~/.bashrc: source <(nvg completion bash)
_nvg() {
    local line=${COMP_LINE:0:COMP_POINT} IFS=$'\n'
    COMPREPLY=($("${COMP_WORDS[0]/#\~/$HOME}" "[suggest:${#line}]" "$line" 2>/dev/null))
    # Names of classes may contain spaces.
    COMPREPLY=("${COMPREPLY[@]// /\\ }")
}
# Where nvg suggests nothing, files are completed.
complete -o default -F _nvg nvg
