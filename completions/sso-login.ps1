# Completion of sso-login for PowerShell 5.1+; made by `sso-login completion powershell`.
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
