# A sketch, never run: brew was not at hand. `brew update-python-resources sso-login` fills in the resources.
class SsoLogin < Formula
  include Language::Python::Virtualenv

  desc "Log in to AWS IAM Identity Center with a device code, tokens in the keychain"
  homepage "https://pypi.org/project/sso-login/"
  # url and sha256 of the sdist stand here once there is a release
  license "MIT"

  depends_on "cryptography" => :no_linkage
  depends_on "python@3.13"

  def install
    virtualenv_install_with_resources
    bash_completion.install "completions/sso-login.bash" => "sso-login"
    zsh_completion.install "completions/_sso-login"
    fish_completion.install "completions/sso-login.fish"
    man1.install "docs/man/sso-login.1"
  end

  test do
    output = shell_output("#{bin}/sso-login emulator --approve --interval 1 -- " \
                          "sh -c '#{bin}/sso-login device && #{bin}/sso-login status --check && echo good'")
    assert_match "good", output
  end
end
