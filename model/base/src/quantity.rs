//! Exact resource amounts: the only reader of `500m` and `2Gi`.
//!
//! Arithmetic is on whole nano-units, so nothing is ever rounded by floating point.

use std::fmt;
use std::str::FromStr;

/// How many nano-units make one.
const ONE: i128 = 1_000_000_000;
/// The largest amount that can be written, 2^63 - 1.
const MOST: i128 = i64::MAX as i128 * ONE;

/// Which family of suffixes an amount is written with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Notation {
    /// `m`, none, `k`, `M`, ...
    #[default]
    Decimal,
    /// `Ki`, `Mi`, `Gi`, ...
    Binary,
    /// `e3`, `e6`, ...
    Exponent,
}

/// An exact amount of something: processor time, bytes, pods.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    nanos: i128,
    notation: Notation,
}

/// An amount that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "read quantity {text:?}: quantities must match the regular expression \
     '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)]
pub struct QuantityError {
    /// What was given.
    pub text: String,
}

impl Quantity {
    /// Nothing of it.
    pub const ZERO: Self = Self {
        nanos: 0,
        notation: Notation::Decimal,
    };

    /// A whole number of units.
    #[must_use]
    pub fn units(units: i64) -> Self {
        Self {
            nanos: i128::from(units) * ONE,
            notation: Notation::Decimal,
        }
    }

    /// A number of thousandths.
    #[must_use]
    pub fn millis(millis: i64) -> Self {
        Self {
            nanos: i128::from(millis) * (ONE / 1000),
            notation: Notation::Decimal,
        }
    }

    /// A number of bytes, shown with binary suffixes.
    #[must_use]
    pub fn bytes(bytes: u64) -> Self {
        let nanos = (i128::from(bytes) * ONE).min(MOST);
        Self {
            nanos,
            notation: Notation::Binary,
        }
    }

    /// The amount in units, rounded up.
    #[must_use]
    pub fn value(self) -> i64 {
        saturate(ceil_div(self.nanos, ONE))
    }

    /// The amount in thousandths, rounded up.
    #[must_use]
    pub fn milli_value(self) -> i64 {
        saturate(ceil_div(self.nanos, ONE / 1000))
    }

    /// The amount in units as a fraction, which may be off in its last digits: for telling, never
    /// for deciding.
    #[must_use]
    pub fn approximate(self) -> f64 {
        self.nanos as f64 / ONE as f64
    }

    /// The amount divided by `divisor`, rounded up. A zero divisor counts as one.
    #[must_use]
    pub fn divided_by(self, divisor: Self) -> i64 {
        let divisor = if divisor.nanos == 0 {
            ONE
        } else {
            divisor.nanos
        };
        saturate(ceil_div(self.nanos, divisor))
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }
}

impl std::ops::Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let notation = if self.nanos == 0 {
            other.notation
        } else {
            self.notation
        };
        Self {
            nanos: (self.nanos + other.nanos).clamp(-MOST, MOST),
            notation,
        }
    }
}

impl std::ops::Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Self {
            nanos: -other.nanos,
            notation: other.notation,
        }
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |total, amount| total + amount)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

const DECIMAL: [(&str, i32); 9] = [
    ("E", 18),
    ("P", 15),
    ("T", 12),
    ("G", 9),
    ("M", 6),
    ("k", 3),
    ("", 0),
    ("m", -3),
    ("u", -6),
];
const BINARY: [(&str, u32); 6] = [
    ("Ei", 60),
    ("Pi", 50),
    ("Ti", 40),
    ("Gi", 30),
    ("Mi", 20),
    ("Ki", 10),
];

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        read(text).ok_or_else(|| QuantityError {
            text: text.to_owned(),
        })
    }
}

fn read(text: &str) -> Option<Quantity> {
    let (negative, rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let (notation, scale) = scale(suffix)?;
    let digits = format!("{whole}{fraction}");
    let mantissa: i128 = digits
        .trim_start_matches('0')
        .parse()
        .or_else(|_| zero(&digits))
        .ok()?;
    let nanos = scaled(mantissa, i32::try_from(fraction.len()).ok()?, scale);
    let nanos = if negative { -nanos } else { nanos };
    Some(Quantity { nanos, notation })
}

fn zero(digits: &str) -> Result<i128, ()> {
    if digits.bytes().all(|digit| digit == b'0') {
        Ok(0)
    } else {
        Err(())
    }
}

/// By how much a suffix multiplies: a power of two or a power of ten.
#[derive(Clone, Copy)]
enum Scale {
    Two(u32),
    Ten(i32),
}

fn scale(suffix: &str) -> Option<(Notation, Scale)> {
    if let Some((_, power)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some((Notation::Binary, Scale::Two(*power)));
    }
    if suffix == "n" {
        return Some((Notation::Decimal, Scale::Ten(-9)));
    }
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((Notation::Decimal, Scale::Ten(*power)));
    }
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (-9..=18)
        .contains(&power)
        .then_some((Notation::Exponent, Scale::Ten(power)))
}

/// `mantissa` with `decimals` digits after the point, scaled, in nano-units, rounded up.
fn scaled(mantissa: i128, decimals: i32, scale: Scale) -> i128 {
    let (factor, power) = match scale {
        Scale::Two(power) => (1_i128 << power, 9 - decimals),
        Scale::Ten(power) => (1, 9 + power - decimals),
    };
    let Some(product) = mantissa.checked_mul(factor) else {
        return MOST;
    };
    let nanos = match u32::try_from(power) {
        Ok(power) => 10_i128
            .checked_pow(power)
            .and_then(|ten| product.checked_mul(ten)),
        Err(_) => match 10_i128.checked_pow(power.unsigned_abs()) {
            Some(ten) => Some(ceil_div(product, ten)),
            None => Some(i128::from(product > 0)),
        },
    };
    nanos.unwrap_or(MOST).min(MOST)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.notation {
            Notation::Binary if self.nanos % ONE == 0 && self.nanos.abs() >= 1024 * ONE => {
                let units = self.nanos / ONE;
                let fits = |power: &u32| units % (1_i128 << power) == 0;
                match BINARY.iter().find(|(_, power)| fits(power)) {
                    Some((suffix, power)) => write!(f, "{}{suffix}", units >> power),
                    None => write!(f, "{units}"),
                }
            }
            Notation::Exponent => match largest_power(self.nanos) {
                0 => write!(f, "{}", self.nanos / ONE),
                power => write!(f, "{}e{power}", over_power(self.nanos, power)),
            },
            Notation::Binary | Notation::Decimal => {
                let power = largest_power(self.nanos);
                let suffix = DECIMAL.iter().find(|(_, known)| *known == power);
                let suffix = suffix.map_or("n", |(name, _)| *name);
                write!(f, "{}{suffix}", over_power(self.nanos, power))
            }
        }
    }
}

/// The largest power of a thousand that divides the amount without rest.
fn largest_power(nanos: i128) -> i32 {
    if nanos == 0 {
        return 0;
    }
    let mut power = -9;
    let mut rest = nanos;
    while power < 18 && rest % 1000 == 0 {
        rest /= 1000;
        power += 3;
    }
    power
}

fn over_power(nanos: i128, power: i32) -> i128 {
    let power = u32::try_from(power + 9).expect("powers begin at minus nine");
    nanos / 10_i128.pow(power)
}

fn ceil_div(amount: i128, divisor: i128) -> i128 {
    let quotient = amount.div_euclid(divisor);
    if amount.rem_euclid(divisor) == 0 {
        quotient
    } else {
        quotient + 1
    }
}

fn saturate(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Quantity>()
            .map_or_else(|error| error.to_string(), |amount| amount.to_string())
    }

    #[test]
    fn amounts_are_shown_in_canonical_form() {
        let cases = [
            ("1000m", "1"),
            ("1024Mi", "1Gi"),
            ("0.5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("100e3", "100e3"),
            ("1500", "1500"),
            ("2000", "2k"),
            ("0", "0"),
            ("512", "512"),
            ("1Ki", "1Ki"),
            ("100Ki", "100Ki"),
            ("-1.5", "-1500m"),
        ];
        for (given, shown) in cases {
            assert_eq!(canonical(given), shown, "{given}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "x", "1x", "1.2.3", ".", "1e99", "--1", "1 Gi"] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }

    #[test]
    fn rounding_is_upward() {
        let amount: Quantity = "1100m".parse().unwrap();
        assert_eq!(amount.value(), 2);
        assert_eq!(amount.milli_value(), 1100);
        assert_eq!("1u".parse::<Quantity>().unwrap().milli_value(), 1);
    }
}
