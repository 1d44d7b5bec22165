"""The completion scripts: each asks the program itself what may come next, so none has a word of it to fall behind.

What the program answers is text to the shell, never code: no script evaluates it. The first line says what follows:
`values` (one a line, in fish and zsh with a description behind a tab), `files` for the shell's own file names,
`command` for a command line of another program.
"""

from __future__ import annotations

from typing import Final

BASH: Final = r"""# Completion of sso-login for bash 3.2 or newer; made by `sso-login completion bash`.
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
"""

ZSH: Final = r"""#compdef sso-login
# Completion of sso-login for zsh; made by `sso-login completion zsh`.
# Keep it as _sso-login in a folder of $fpath, or source it after compinit.

_sso_login() {
    local program=${${(Q)words[1]}/#\~\//$HOME/} line
    local -a answer values shown flat
    integer at
    [[ -n ${commands[$program]} || ( $program == */* && -x $program ) ]] || program=sso-login
    line=$(command $program __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)
    answer=("${(@f)line}")
    answer=("${(@)answer%$'\r'}")
    case ${answer[1]} in
        (files) _files ;;
        (command)
            # What stands behind `--` is a command line of its own.
            at=${words[(i)--]}
            (( at < CURRENT )) || (( at = CURRENT - 1 ))
            shift $at words
            (( CURRENT -= at ))
            _normal
            ;;
        (values)
            for line in "${(@)answer[2,-1]}"; do
                values+=("${line%%$'\t'*}")
                shown+=("${line#*$'\t'}")
                [[ $line == *$'\t'* ]] && flat=(-l)
            done
            compadd -V sso-login $flat -d shown -a values
            ;;
        (*) return 1 ;;
    esac
}

if [[ $funcstack[1] == _sso-login && $zsh_eval_context[-1] != file ]]; then
    _sso_login "$@"
elif (( $+functions[compdef] )); then
    compdef _sso_login sso-login
fi
"""

FISH: Final = r"""# Completion of sso-login for fish 3.0 or newer; made by `sso-login completion fish`.
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
"""

POWERSHELL: Final = r"""# Completion of sso-login for PowerShell 5.1+; made by `sso-login completion powershell`.
# In $PROFILE:  sso-login completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName 'sso-login', 'sso-login.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @(
        foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {
            if ($element.Extent.EndOffset -lt $cursorPosition) {
                if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
                    $element.Value
                } else {
                    $element.Extent.Text
                }
            }
        }
    )
    $words += ([string] $wordToComplete).Trim([char[]] @(34, 39))
    # Base64, since Windows PowerShell loses empty arguments and quotes, and reads answers in another encoding.
    $asked = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($words -join "`n"))
    $program = $commandAst.GetCommandName()
    if (-not (Get-Command -Name $program -CommandType Application -ErrorAction SilentlyContinue)) {
        $program = 'sso-login'
    }
    $answer = & $program __complete powershell $asked 2>$null
    if (-not $answer) { return }
    $lines = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([string] $answer)) -split "`n"
    if ($lines[0] -ne 'values') { return }
    foreach ($line in ($lines | Select-Object -Skip 1)) {
        $text, $name, $tip = $line -split "`t"
        [System.Management.Automation.CompletionResult]::new($text, $name, 'ParameterValue', $tip)
    }
}
"""

SCRIPTS: Final = {"bash": BASH, "zsh": ZSH, "fish": FISH, "powershell": POWERSHELL}
FILES: Final = {"bash": "sso-login.bash", "zsh": "_sso-login", "fish": "sso-login.fish", "powershell": "sso-login.ps1"}
