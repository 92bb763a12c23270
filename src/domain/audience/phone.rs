//! Phone numbers, as far as they are compared.

/// A phone number as it is compared: a plus and 7 to 15 digits (ITU-T E.164). 00 stands for the plus, which ITU-T E.123
/// recommends for calls between countries.
pub fn normal_phone(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.strip_prefix('+').or_else(|| text.strip_prefix("00"))?;
    // Between the country's code and the rest: to be left out by whoever calls from abroad.
    let digits: String =
        digits.replacen("(0)", "", 1).chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_compared_without_their_decoration() {
        assert_eq!(normal_phone("+44 (118) 496-0000").as_deref(), Some("+441184960000"));
        assert_eq!(normal_phone("0044 (0)118 496 0000").as_deref(), Some("+441184960000"));
        for wrong in ["0118 496 0000", "+44", "+44 118 CALL ME", ""] {
            assert_eq!(normal_phone(wrong), None, "{wrong}");
        }
    }
}
