//! Terms on members of `extra`: what the provider wrote and the catalogue does not know.

use serde::Serialize;
use serde_json::Value;

use crate::predicate::Match;
use crate::ranges::NumberRange;

/// What a term asks of one member of `extra`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtraTest {
    /// It is there and not null.
    Exists,
    /// Its text compares with any of the values. The text of a number or boolean is its JSON.
    Text {
        /// How.
        how: Match,
        /// What was asked for.
        values: Vec<String>,
    },
    /// It is a whole number, or a text that is one, in one of the ranges.
    Number {
        /// Ranges, sorted and apart.
        ranges: Vec<NumberRange>,
    },
}

impl ExtraTest {
    /// Tests the member at `path` of a JSON text; false where the text is no object or lacks the member.
    /// An array matches if one of its elements does.
    pub fn matches(&self, path: &[String], json: &str) -> bool {
        let Ok(value) = serde_json::from_str::<Value>(json) else { return false };
        self.matches_in(path, &value)
    }

    fn matches_in(&self, path: &[String], value: &Value) -> bool {
        if let Value::Array(items) = value {
            return items.iter().any(|item| self.matches_in(path, item));
        }
        match path.split_first() {
            Some((name, rest)) => value.get(name).is_some_and(|member| self.matches_in(rest, member)),
            None => self.matches_value(value),
        }
    }

    fn matches_value(&self, value: &Value) -> bool {
        if value.is_null() {
            return false;
        }
        match self {
            Self::Exists => true,
            Self::Text { how, values } => {
                let text = match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                values.iter().any(|wanted| how.test(&text, wanted))
            }
            Self::Number { ranges } => {
                let number = match value {
                    Value::Number(number) => {
                        number.as_i64().map(i128::from).or(number.as_u64().map(i128::from))
                    }
                    Value::String(text) => text.parse().ok(),
                    _ => None,
                };
                number.is_some_and(|number| ranges.iter().any(|range| range.contains(number)))
            }
        }
    }
}
