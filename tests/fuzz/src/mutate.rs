//! Inputs that are nearly right: one input, changed in a few places.

use gantry_base::entropy::{Seeded, below};

/// Changes at once.
const CHANGES_MAX: usize = 4;
/// How often a piece is repeated at most; enough to pass every limit on depth.
const REPEATS_MAX: usize = 300;
/// Bytes that mean something somewhere.
const BYTES: &[u8] =
    b"\0\x01\x7f\x80\xff\n\r\t \"'\\{}[](),:;&*!|>%@#-+.eE0159/=~$_\x1b\xc3\xed\xf4";
/// Numbers at the edges of types.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "1e309",
    "1E-400",
    "0.1",
    "-0",
    "00",
    "999999999999999999999999999999999999999999",
];

/// Changes `input` in a few places; `others` give pieces, `words` what the format knows.
pub(crate) fn mutate(
    input: &[u8],
    others: &[Vec<u8>],
    words: &[&str],
    chance: &mut Seeded,
) -> Vec<u8> {
    let mut changed = input.to_vec();
    for _ in 0..=below(chance, CHANGES_MAX) {
        change(&mut changed, others, words, chance);
    }
    changed
}

fn change(input: &mut Vec<u8>, others: &[Vec<u8>], words: &[&str], chance: &mut Seeded) {
    let at = below(chance, input.len() + 1);
    match below(chance, 11) {
        0 if at < input.len() => input[at] ^= 1 << below(chance, 8),
        1 if at < input.len() => input[at] = any(BYTES, chance),
        2 if at < input.len() => input[at] = u8::try_from(below(chance, 256)).unwrap_or(0),
        3 => input.insert(at, any(BYTES, chance)),
        4 => drop(input.splice(piece(input, at, chance), [])),
        5 => {
            let copied = input[piece(input, at, chance)].to_vec();
            let to = below(chance, input.len() + 1);
            input.splice(to..to, copied);
        }
        6 => {
            let repeated = input[piece(input, at, chance)].to_vec();
            let repeated = repeated.repeat(below(chance, REPEATS_MAX));
            input.splice(at..at, repeated);
        }
        7 if !words.is_empty() => {
            let word = any(words, chance);
            let end = piece(input, at, chance).end;
            let replaced = if below(chance, 2) == 0 {
                at..at
            } else {
                at..end
            };
            input.splice(replaced, word.bytes());
        }
        8 => number(input, at, chance),
        9 if !others.is_empty() => {
            let other = &others[below(chance, others.len())];
            let from = below(chance, other.len() + 1);
            let borrowed = other[piece(other, from, chance)].to_vec();
            let replaced = piece(input, at, chance);
            input.splice(replaced, borrowed);
        }
        _ => input.truncate(at),
    }
}

/// A piece that begins at `at`: mostly short, sometimes all the rest.
fn piece(input: &[u8], at: usize, chance: &mut Seeded) -> std::ops::Range<usize> {
    let rest = input.len() - at;
    let most = if below(chance, 4) == 0 {
        rest
    } else {
        rest.min(16)
    };
    at..at + below(chance, most + 1)
}

/// Puts another number in the place of the digits at or behind `at`.
fn number(input: &mut Vec<u8>, at: usize, chance: &mut Seeded) {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = input[at..].iter().position(is_digit).map(|gap| at + gap) else {
        return;
    };
    let length = input[start..]
        .iter()
        .take_while(|byte| is_digit(byte))
        .count();
    input.splice(start..start + length, any(NUMBERS, chance).bytes());
}

fn any<T: Copy>(of: &[T], chance: &mut Seeded) -> T {
    of[below(chance, of.len())]
}
