//! Small cells: what of a count is shown, so that no count speaks of so few people that one of them could be known by
//! it, neither by itself nor by subtracting what is shown from a sum that is shown.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

/// Counts below this are not shown.
pub const FEWEST: i64 = 10;

/// A count of people or of their requests, as it may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cell {
    /// The count.
    Exact(i64),
    /// Fewer than [`FEWEST`].
    Under,
    /// More than this: almost everybody of the whole, so the rest would be few.
    Over(i64),
    /// Not shown, because a small count could be computed from it.
    #[default]
    Hidden,
}

impl Cell {
    /// A count of letters that stands by itself.
    pub fn of(count: i64) -> Self {
        if (1..FEWEST).contains(&count) { Self::Under } else { Self::Exact(count) }
    }

    /// This part of a whole: that it is almost all of it would say how large a whole is that is not shown.
    pub fn within(self, whole: Self) -> Self {
        match self {
            Self::Over(_) if whole.exact().is_none() => Self::Hidden,
            cell => cell,
        }
    }

    /// The count, where it is shown.
    pub fn exact(self) -> Option<i64> {
        match self {
            Self::Exact(count) => Some(count),
            Self::Under | Self::Over(_) | Self::Hidden => None,
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exact(count) => serializer.serialize_i64(*count),
            Self::Under => serializer.collect_str(&format_args!("<{FEWEST}")),
            Self::Over(count) => serializer.collect_str(&format_args!(">{count}")),
            Self::Hidden => serializer.serialize_str("hidden"),
        }
    }
}

impl utoipa::PartialSchema for Cell {
    fn schema() -> RefOr<Schema> {
        let words = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some("^(<10|>[0-9]+|hidden)$"));
        let number = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer));
        OneOfBuilder::new()
            .item(number)
            .item(words)
            .description(Some(
                "A count, or in its place: `<10` for fewer than ten, `>90` for almost everybody of a whole, `hidden` \
                 where a small count could be computed from it.",
            ))
            .into()
    }
}

impl utoipa::ToSchema for Cell {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Cell")
    }
}

/// What a count of nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nobody {
    /// That nobody was there, which is nothing about anybody: for what the server itself did with letters.
    Shown,
    /// That those who could have did not, and later, when it is no longer nobody, who did: for what people did.
    Small,
}

/// A part of a whole as it may be shown by itself: neither the part nor the rest may be few.
pub fn part_of(part: i64, whole: i64, shown_whole: Cell, nobody: Nobody) -> Cell {
    primary(part, Some(whole), nobody).map_or(Cell::Exact(part), |bounds| bounds.shown.within(shown_whole))
}

/// The parts of a sum as they may be shown beside each other and beside the sum: each with the whole that it is
/// itself a part of, if there is one. Where a small part could be computed from what is left of the sum, more parts
/// are hidden, the smallest first; where that does not help either, all of them.
pub fn parts_of(shown_sum: Cell, parts: &[(i64, Option<i64>)], nobody: Nobody) -> Vec<Cell> {
    parts_beside(shown_sum, None, parts, nobody)
}

/// [`parts_of`] where one more part of the sum, `unseen`, is shown nowhere.
pub fn parts_beside(
    shown_sum: Cell,
    unseen: Option<i64>,
    parts: &[(i64, Option<i64>)],
    nobody: Nobody,
) -> Vec<Cell> {
    let mut hidden: Vec<Option<Bounds>> =
        parts.iter().map(|(part, whole)| primary(*part, *whole, nobody)).collect();
    let shown = |hidden: &[Option<Bounds>]| -> Vec<Cell> {
        let cells = parts.iter().zip(hidden);
        cells.map(|((part, _), bounds)| bounds.map_or(Cell::Exact(*part), |bounds| bounds.shown)).collect()
    };
    let secondary = Bounds { shown: Cell::Hidden, low: FEWEST, high: i64::MAX / 4 };
    let mut others: Vec<usize> =
        (0..parts.len()).filter(|at| hidden[*at].is_none() && parts[*at].0 > 0).collect();
    if shown_sum.exact().is_none() {
        // The parts together would say what the sum does not.
        others.iter().for_each(|at| hidden[*at] = Some(secondary));
        return shown(&hidden);
    }
    others.sort_by_key(|at| parts[*at].0);
    for more in std::iter::once(None).chain(others.into_iter().map(Some)) {
        if let Some(more) = more {
            hidden[more] = Some(secondary);
        }
        if keep_their_secret(&hidden, parts, unseen) {
            return shown(&hidden);
        }
    }
    if unseen.is_none() && parts.iter().filter(|(part, _)| *part > 0).count() <= 1 {
        // Nothing that the sum does not say.
        let of_nobody = if nobody == Nobody::Shown { Cell::Exact(0) } else { Cell::Under };
        return parts.iter().map(|(part, _)| if *part > 0 { shown_sum } else { of_nobody }).collect();
    }
    let is_known = |part: i64| part == 0 && nobody == Nobody::Shown;
    parts.iter().map(|(part, _)| if is_known(*part) { Cell::Exact(0) } else { Cell::Hidden }).collect()
}

/// What is not shown, and what whoever reads the report knows of it.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    shown: Cell,
    low: i64,
    high: i64,
}

fn primary(part: i64, whole: Option<i64>, nobody: Nobody) -> Option<Bounds> {
    if part == 0 && nobody == Nobody::Shown {
        return None;
    }
    let fewest = i64::from(nobody == Nobody::Shown);
    if part < FEWEST {
        return Some(Bounds { shown: Cell::Under, low: fewest, high: FEWEST - 1 });
    }
    let whole = whole?;
    let rest = whole - part;
    let is_few = (fewest..FEWEST).contains(&rest);
    is_few.then_some(Bounds {
        shown: Cell::Over(whole - FEWEST),
        low: whole - FEWEST + 1,
        high: whole - fewest,
    })
}

/// Whether what the hidden parts sum up to narrows down none of those that must not be known.
fn keep_their_secret(hidden: &[Option<Bounds>], parts: &[(i64, Option<i64>)], unseen: Option<i64>) -> bool {
    let mut hidden: Vec<(Bounds, i64)> = hidden
        .iter()
        .zip(parts)
        .filter_map(|(bounds, (part, _))| bounds.map(|bounds| (bounds, *part)))
        .collect();
    if let Some(unseen) = unseen {
        hidden.push((Bounds { shown: Cell::Hidden, low: 0, high: i64::MAX / 4 }, unseen));
    }
    let sum: i64 = hidden.iter().map(|(_, part)| part).sum();
    let low: i64 = hidden.iter().map(|(bounds, _)| bounds.low).sum();
    let high = hidden.iter().fold(0_i64, |high, (bounds, _)| high.saturating_add(bounds.high));
    let primary = hidden.iter().filter(|(bounds, _)| bounds.shown != Cell::Hidden);
    sum == 0
        || primary.into_iter().all(|(bounds, _)| {
            sum - (low - bounds.low) >= bounds.high && sum - (high - bounds.high) <= bounds.low
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcomes(parts: &[i64]) -> Vec<Cell> {
        let parts: Vec<_> = parts.iter().map(|part| (*part, None)).collect();
        let sum = parts.iter().map(|(part, _)| part).sum();
        parts_of(Cell::Exact(sum), &parts, Nobody::Shown)
    }

    #[test]
    fn fewer_than_ten_are_not_shown_and_neither_is_what_they_leave_of_a_sum() {
        use Cell::{Exact, Hidden, Under};
        assert_eq!(outcomes(&[1900, 70, 0]), [Exact(1900), Exact(70), Exact(0)]);
        assert_eq!(outcomes(&[1900, 70, 3]), [Exact(1900), Hidden, Under], "1973 - 1900 - 70 is 3");
        assert_eq!(outcomes(&[1900, 70, 8, 9]), [Exact(1900), Hidden, Under, Under], "17 would be 8 and 9");
        assert_eq!(outcomes(&[11, 1]), [Hidden, Hidden], "12 leaves 1 or 2");
    }

    #[test]
    fn a_part_with_few_left_says_only_that_it_is_almost_all() {
        let whole = Cell::Exact(100);
        let shown = [0, 9, 10, 40, 90, 91, 100].map(|part| part_of(part, 100, whole, Nobody::Small));
        use Cell::{Exact, Over, Under};
        assert_eq!(shown, [Under, Under, Exact(10), Exact(40), Exact(90), Over(90), Over(90)]);
        assert_eq!(part_of(0, 100, whole, Nobody::Shown), Exact(0));
        assert_eq!(part_of(100, 100, whole, Nobody::Shown), Exact(100));
        assert_eq!(part_of(95, 100, Cell::Hidden, Nobody::Small), Cell::Hidden, "it would say 100");
    }

    #[test]
    fn parts_of_a_sum_that_is_not_shown_do_not_say_it() {
        let shown = parts_of(Cell::Hidden, &[(40, None), (30, None), (2, None)], Nobody::Shown);
        assert_eq!(shown, [Cell::Hidden, Cell::Hidden, Cell::Under]);
    }

    #[test]
    fn hours_without_anybody_need_no_cover() {
        let shown = parts_of(Cell::Exact(40), &[(40, None), (0, None), (0, None)], Nobody::Small);
        assert_eq!(shown, [Cell::Exact(40), Cell::Under, Cell::Under]);
    }

    proptest! {
        /// Takes the place of somebody who knows the rules and computes: how closely can each small part be known?
        #[test]
        fn nobody_can_compute_a_small_part(
            parts in prop::collection::vec(prop_oneof![0_i64..15, 0_i64..300], 1..9),
            small in any::<bool>(),
        ) {
            let nobody = if small { Nobody::Small } else { Nobody::Shown };
            let of: Vec<_> = parts.iter().map(|part| (*part, None)).collect();
            let sum: i64 = parts.iter().sum();
            prop_assume!(sum >= FEWEST);
            let shown = parts_of(Cell::Exact(sum), &of, nobody);
            let lowest = i64::from(!small);
            let bounds: Vec<(i64, i64)> = shown.iter().map(|cell| match cell {
                Cell::Exact(count) => (*count, *count),
                Cell::Under => (lowest, 9),
                Cell::Over(_) | Cell::Hidden => (0, sum),
            }).collect();
            let low: i64 = bounds.iter().map(|(low, _)| low).sum();
            let high: i64 = bounds.iter().map(|(_, high)| high).sum();
            let people: i64 = shown.iter().zip(&parts).filter(|(cell, _)| **cell == Cell::Under).map(|(_, p)| p).sum();
            for ((cell, part), (least, most)) in shown.iter().zip(&parts).zip(&bounds) {
                if let Cell::Exact(count) = cell {
                    prop_assert_eq!(count, part);
                    prop_assert!(*count >= FEWEST || (*count == 0 && !small));
                }
                if *cell == Cell::Under && people > 0 {
                    prop_assert!(*part < FEWEST);
                    let (least, most) = (sum - (high - most), sum - (low - least));
                    prop_assert!(least <= lowest && most >= 9, "{:?} of {:?}: {} to {}", shown, parts, least, most);
                }
            }
        }
    }
}
