use serde::Deserialize;
use serde_json::Value;

use crate::index::Hit;

/// How many items a page has: 1 to 100, 20 when not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Limit(usize);

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl TryFrom<u64> for Limit {
    type Error = &'static str;

    fn try_from(limit: u64) -> Result<Self, Self::Error> {
        match usize::try_from(limit) {
            Ok(limit @ 1..=100) => Ok(Self(limit)),
            _ => Err("must be from 1 to 100"),
        }
    }
}

impl Limit {
    /// One more than wanted is asked for: whether it exists says whether there is a next page.
    pub(crate) const fn size_to_ask(self) -> usize {
        self.0 + 1
    }

    /// Returns the items of the page and, when there is a next one, the sort values it goes on after.
    pub(crate) fn cut<D>(self, mut hits: Vec<Hit<D>>) -> (Vec<D>, Option<Vec<Value>>) {
        let has_more = hits.len() > self.0;
        hits.truncate(self.0);
        let next = if has_more {
            hits.last().map(|hit| hit.sort.clone())
        } else {
            None
        };
        (hits.into_iter().map(|hit| hit.document).collect(), next)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_are_from_1_to_100() {
        for (limit, fits) in [
            (0, false),
            (1, true),
            (100, true),
            (101, false),
            (u64::MAX, false),
        ] {
            assert_eq!(Limit::try_from(limit).is_ok(), fits, "{limit}");
        }
    }

    #[test]
    fn only_a_hit_too_many_makes_a_next_page() {
        let hits = |count: i32| {
            (0..count)
                .map(|sort| Hit {
                    document: sort,
                    sort: vec![json!(sort)],
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(Limit(2).cut(hits(2)), (vec![0, 1], None));
        assert_eq!(Limit(2).cut(hits(3)), (vec![0, 1], Some(vec![json!(1)])));
        assert_eq!(Limit(2).cut(hits(0)), (vec![], None));
    }
}
