//! Numbers as each language writes them.

use fluent_bundle::FluentValue;
use intl_memoizer::concurrent::IntlLangMemoizer;

use super::Lang;

/// What [`fluent_bundle`] calls for each value; it can hold nothing, so there is one for each separator.
type Formatter = fn(&FluentValue<'_>, &IntlLangMemoizer) -> Option<String>;

pub(super) fn numbers_of(lang: Lang) -> Formatter {
    match lang {
        Lang::English | Lang::Welsh => |value, _| grouped(value, ','),
        Lang::German => |value, _| grouped(value, '.'),
        // A narrow space that does not break.
        Lang::French => |value, _| grouped(value, '\u{202f}'),
    }
}

/// A whole number in groups of three digits; anything else is left as it is.
fn grouped(value: &FluentValue<'_>, separator: char) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let plain = number.as_string();
    let digits = plain.strip_prefix('-').unwrap_or(&plain);
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| in_groups(&plain, separator))
}

/// The digits of a whole number, which may have a sign, in groups of three.
pub fn in_groups(number: &str, separator: char) -> String {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let mut text = String::with_capacity(number.len() + digits.len());
    if digits.len() < number.len() {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}
