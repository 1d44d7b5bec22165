# Completion of sso-login for bash 3.2 or newer; made by `sso-login completion bash`.
# Source it from ~/.bashrc, or keep it as ~/.local/share/bash-completion/completions/sso-login.

_sso_login() {
    local program=$1 kind='' line
    COMPREPLY=()
    case $3 in *[\<\>]*)
        compopt -o default 2>/dev/null
        return 0
        ;;
    esac
    case $program in '~/'*) program=$HOME/${program#'~/'} ;; esac
    type -P -- "$program" >/dev/null || program=sso-login
    while IFS= read -r line; do
        line=${line%$'\r'}
        if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("$line"); fi
    done < <(command "$program" __complete bash "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null </dev/null)
    case $kind in
        files) compopt -o default 2>/dev/null ;;
        command) _sso_login_command "$2" ;;
    esac
    return 0
}

# What stands behind `--` is a command line of its own.
_sso_login_command() {
    local at=1 line
    while ((at < COMP_CWORD)) && [[ ${COMP_WORDS[at]} != -- ]]; do ((at += 1)); done
    if ((at < COMP_CWORD)); then ((at += 1)); fi
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$at"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$at"
    elif ((at == COMP_CWORD)); then
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$1")
    else
        compopt -o default 2>/dev/null
    fi
}

complete -o nosort -F _sso_login sso-login 2>/dev/null || complete -F _sso_login sso-login
