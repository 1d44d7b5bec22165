"""What every program of botocore refuses in an AWS file, though we and other SDKs take it: with the line.

Source: botocore/configloader.py, raw_config_parse and _parse_nested.
"""

from __future__ import annotations

import codecs

from sso_login.adapters.aws_files.aws_config import file_bytes, read_text
from sso_login.adapters.aws_files.aws_ini import nested_without_equals
from sso_login.core.errors import ConfigError

_WHO = "the AWS CLI and every program of boto3 refuse the whole file"


def refusal(path: str) -> ConfigError | None:
    """Tell why botocore would refuse a config or credentials file; None where it takes it, or there is none."""
    try:
        data = file_bytes(path)
        if data.startswith(codecs.BOM_UTF8):
            message = f"{path}, line 1: a byte order mark, for which {_WHO}"
            return ConfigError(message, hint="Save the file as UTF-8 without a byte order mark.")
        text = read_text(data, path)
    except ConfigError as error:
        return error
    line = nested_without_equals(text)
    if line is None:
        return None
    message = f"{path}, line {line}: a nested line without `=`, for which {_WHO}"
    return ConfigError(message, hint="Write it as `key = value`, or indent it no further than its section's keys.")
