# Completion of sso-login for fish 3.0 or newer; made by `sso-login completion fish`.
# Keep it as ~/.config/fish/completions/sso-login.fish.

function __sso_login_complete
    set -l tokens (commandline -opc)
    set -l current (commandline -ct)
    set -l program $tokens[1]
    if string match -q -- '~/*' $program
        set program $HOME/(string sub -s 3 -- $program)
    end
    command -sq -- $program
    or set program sso-login
    # fish compares with what is typed by itself; which option it is about the program must know.
    set -l known ''
    if string match -q -- '-*' $current
        set known (string replace -r -- '=.*' '=' $current)
    end
    set -l answer (command $program __complete fish $tokens[2..-1] $known 2>/dev/null </dev/null | string trim -r -c \r)
    switch "$answer[1]"
        case files
            __fish_complete_path $current
        case command
            # What stands behind `--` is a command line of its own.
            set -l at (contains -i -- -- $tokens)
            or set at (count $tokens)
            set -l words (string escape -- $tokens[(math $at + 1)..-1])
            complete -C (string join -- ' ' $words $current)
        case values
            printf '%s\n' $answer[2..-1]
    end
end

complete --command sso-login --no-files --keep-order --arguments '(__sso_login_complete)'
