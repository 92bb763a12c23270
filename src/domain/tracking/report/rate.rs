//! How sure a rate is: the interval in which it lies with 95 % confidence, after Wilson (1927), which is right for few
//! people and for rates near 0 and 1 too.

use serde::Serialize;

/// A rate with its interval; shares from 0 to 1, rounded to a thousandth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = ReportRate)]
pub struct Rate {
    /// The share itself.
    pub share: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// The two-sided 95 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

impl Rate {
    /// `part` of `whole`; nothing of nobody.
    pub fn of(part: i64, whole: i64) -> Option<Self> {
        if whole <= 0 || !(0..=whole).contains(&part) {
            return None;
        }
        let (part, whole) = (part as f64, whole as f64);
        let share = part / whole;
        let scale = 1.0 + Z * Z / whole;
        let middle = (share + Z * Z / (2.0 * whole)) / scale;
        let half = Z / scale * (share * (1.0 - share) / whole + Z * Z / (4.0 * whole * whole)).sqrt();
        let rounded = |share: f64| (share * 1000.0).round() / 1000.0;
        Some(Self {
            share: rounded(share),
            low: rounded((middle - half).max(0.0)),
            high: rounded((middle + half).min(1.0)),
        })
    }

    /// In words: `40.0 % (30.9 to 49.8 %)`.
    pub fn in_words(&self) -> String {
        format!("{:.1} % ({:.1} to {:.1} %)", self.share * 100.0, self.low * 100.0, self.high * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilson_s() {
        // From the formula, computed by hand and with R's prop.test(correct = FALSE).
        for (part, whole, low, high) in
            [(40, 100, 0.309, 0.498), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (1, 1000, 0.0, 0.006)]
        {
            let rate = Rate::of(part, whole).unwrap();
            assert_eq!((rate.low, rate.high), (low, high), "{part} of {whole}");
        }
        assert_eq!(Rate::of(40, 100).unwrap().in_words(), "40.0 % (30.9 to 49.8 %)");
        assert_eq!((Rate::of(0, 0), Rate::of(3, 2)), (None, None));
    }
}
