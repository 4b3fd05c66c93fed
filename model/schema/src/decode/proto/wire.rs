//! The wire: tags, lengths and numbers. Knows no messages and no JSON.

use gantry_base::FieldPath;

use crate::decode::DecodeError;
use crate::trail::Trail;

/// What can be wrong with a body in protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It does not begin as it should.
    #[error("expected the body to begin with `k8s` and a zero byte")]
    Magic,
    /// The envelope does not say what is in it.
    #[error("expected an apiVersion and a kind in the envelope")]
    NoKind,
    /// The envelope holds something other than plain protobuf.
    #[error("expected plain protobuf in the envelope")]
    Content,
    /// It ends within a field.
    #[error("the body ends within the field")]
    Truncated,
    /// A number goes on for more than ten bytes.
    #[error("a number is too long")]
    LongNumber,
    /// A field has a number or a way of writing that does not exist.
    #[error("a field begins with a tag that does not exist")]
    Tag,
    /// A field is written another way than its type is.
    #[error("the field is not written as its type is")]
    Mismatch,
    /// A text is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A number does not fit its type, or is none.
    #[error("the number does not fit the field's type")]
    Range,
    /// A moment is outside of the years 0 to 9999.
    #[error("the moment is outside of the calendar")]
    Moment,
    /// A piece of JSON within the body cannot be read.
    #[error("expected JSON within the field")]
    Json,
}

impl Malformed {
    /// The error that says where.
    pub(super) fn at(self, trail: &Trail<'_>) -> DecodeError {
        let path: FieldPath = trail.path();
        DecodeError::Protobuf {
            path,
            problem: self,
        }
    }
}

/// A field's value before its type is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

impl<'a> Raw<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Malformed> {
        if let Self::Bytes(bytes) = self {
            Ok(bytes)
        } else {
            Err(Malformed::Mismatch)
        }
    }

    pub(super) fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed::NotUtf8)
    }

    /// A signed number. Negative ones are written as very large ones.
    pub(super) fn integer(self) -> Result<i64, Malformed> {
        if let Self::Varint(number) = self {
            Ok(number.cast_signed())
        } else {
            Err(Malformed::Mismatch)
        }
    }

    pub(super) fn float(self) -> Result<f64, Malformed> {
        if let Self::Fixed64(bits) = self {
            Ok(f64::from_bits(bits))
        } else {
            Err(Malformed::Mismatch)
        }
    }
}

/// Reads a message field by field.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// The next field's number and value.
    pub(super) fn field(&mut self) -> Result<Option<(u32, Raw<'a>)>, Malformed> {
        let Some(tag) = self.number()? else {
            return Ok(None);
        };
        let number = u32::try_from(tag >> 3).map_err(|_| Malformed::Tag)?;
        if number == 0 {
            return Err(Malformed::Tag);
        }
        let raw = match tag & 7 {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => Raw::Bytes(self.sized()?),
            5 => Raw::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Malformed::Tag),
        };
        Ok(Some((number, raw)))
    }

    /// The next of numbers that stand one behind the other.
    pub(super) fn number(&mut self) -> Result<Option<u64>, Malformed> {
        if self.rest.is_empty() {
            Ok(None)
        } else {
            self.varint().map(Some)
        }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if bits << shift >> shift != bits {
                return Err(Malformed::LongNumber);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed::LongNumber)
    }

    fn sized(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.varint()?).map_err(|_| Malformed::Truncated)?;
        let (bytes, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*bytes)
    }
}

/// The first `N` fields of a small message; the last of each counts.
pub(super) fn fields<const N: usize>(message: &[u8]) -> Result<[Option<Raw<'_>>; N], Malformed> {
    let mut found = [None; N];
    let mut reader = Reader::new(message);
    while let Some((number, raw)) = reader.field()? {
        let index = usize::try_from(number).unwrap_or(usize::MAX) - 1;
        if let Some(slot) = found.get_mut(index) {
            *slot = Some(raw);
        }
    }
    Ok(found)
}
