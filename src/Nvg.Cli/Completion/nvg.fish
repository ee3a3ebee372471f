# Completion of nvg in fish. In ~/.config/fish/config.fish: nvg completion fish | source
function __nvg_complete
    set -l line (commandline --cut-at-cursor --current-process)
    set -l typed (commandline --tokenize --cut-at-cursor --current-process)
    eval $typed[1] (string escape -- "[suggest:"(string length -- "$line")"]" "$line") 2>/dev/null
end
complete --command nvg --arguments '(__nvg_complete)'
