//! A certificate put together by hand: the library that makes the others knows one group per
//! subject, and cannot repeat what a request says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_base::Timestamp;
use rcgen::SigningKey;
use ring::rand::{SecureRandom, SystemRandom};

use crate::der::{BITS, BYTES, INTEGER, OBJECT, SEQUENCE, SET, TEXT, TIME, UTC_TIME, list, value};

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANISATION: &[u8] = &[0x55, 4, 10];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 35];
const EXTENDED_USAGE: &[u8] = &[0x55, 0x1d, 37];
const SERVER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
/// The tag of a certificate's version, of its extensions, and of a key's identifier.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const KEY_IDENTIFIER: u8 = 0x80;
/// Letters of a line of PEM.
const LINE: usize = 64;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usages {
    /// To show who a client is.
    pub client: bool,
    /// To show who a server is.
    pub server: bool,
    /// To sign in a handshake.
    pub signature: bool,
    /// To carry another key.
    pub encipherment: bool,
}

/// What is vouched for; subject, key and names are DER.
#[derive(Clone, Debug)]
pub(crate) struct Order<'a> {
    pub(crate) subject: &'a [u8],
    pub(crate) public_key: &'a [u8],
    pub(crate) names: Option<&'a [u8]>,
    pub(crate) usages: Usages,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

/// Who vouches; algorithm and name are DER.
pub(crate) struct Signer<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) algorithm: &'a [u8],
    pub(crate) key_identifier: &'a [u8],
    pub(crate) key: &'a dyn SigningKey,
}

/// A subject of one user and any number of groups.
pub(crate) fn subject(user: &str, groups: &[&str]) -> Vec<u8> {
    let attribute = |kind: &[u8], text: &str| {
        let pair = list(
            SEQUENCE,
            &[value(OBJECT, kind), value(TEXT, text.as_bytes())],
        );
        value(SET, &pair)
    };
    let mut attributes: Vec<Vec<u8>> = groups
        .iter()
        .map(|group| attribute(ORGANISATION, group))
        .collect();
    attributes.push(attribute(COMMON_NAME, user));
    list(SEQUENCE, &attributes)
}

/// The certificate, in PEM.
pub(crate) fn certificate(order: &Order<'_>, signer: &Signer<'_>) -> Result<String, rcgen::Error> {
    let body = list(
        SEQUENCE,
        &[
            // Version 3 is written as 2.
            list(VERSION, &[value(INTEGER, &[2])]),
            value(INTEGER, &serial()?),
            signer.algorithm.to_vec(),
            signer.name.to_vec(),
            list(SEQUENCE, &[time(order.not_before), time(order.not_after)]),
            order.subject.to_vec(),
            order.public_key.to_vec(),
            list(EXTENSIONS, &[list(SEQUENCE, &extensions(order, signer))]),
        ],
    );
    let mut signature = vec![0];
    signature.extend(signer.key.sign(&body)?);
    let whole = list(
        SEQUENCE,
        &[body, signer.algorithm.to_vec(), value(BITS, &signature)],
    );
    Ok(pem("CERTIFICATE", &whole))
}

/// A number that no other certificate has.
fn serial() -> Result<[u8; 16], rcgen::Error> {
    let mut number = [0; 16];
    let filled = SystemRandom::new().fill(&mut number);
    filled.map_err(|_| rcgen::Error::RingUnspecified)?;
    // Positive, and as long as it looks.
    number[0] = number[0] & 0x7f | 0x40;
    Ok(number)
}

/// Years before 2050 have two digits, as the standard wants it.
fn time(moment: Timestamp) -> Vec<u8> {
    let digits = moment.strftime("%Y%m%d%H%M%SZ").to_string();
    if digits.as_str() < "2050" {
        return value(UTC_TIME, &digits.as_bytes()[2..]);
    }
    value(TIME, digits.as_bytes())
}

fn extensions(order: &Order<'_>, signer: &Signer<'_>) -> Vec<Vec<u8>> {
    let usages = order.usages;
    let extension = |kind: &[u8], critical: bool, content: &[u8]| {
        let mut parts = vec![value(OBJECT, kind)];
        if critical {
            parts.push(vec![0x01, 1, 0xff]);
        }
        parts.push(value(BYTES, content));
        list(SEQUENCE, &parts)
    };
    let extended: Vec<Vec<u8>> = [(usages.client, CLIENT), (usages.server, SERVER)]
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .map(|(_, kind)| value(OBJECT, kind))
        .collect();
    let identifier = value(KEY_IDENTIFIER, signer.key_identifier);
    let mut all = vec![
        extension(KEY_USAGE, true, &key_usage(usages)),
        extension(EXTENDED_USAGE, false, &list(SEQUENCE, &extended)),
        // Nothing inside: not an authority.
        extension(BASIC_CONSTRAINTS, true, &value(SEQUENCE, &[])),
        extension(AUTHORITY_KEY, false, &value(SEQUENCE, &identifier)),
    ];
    all.extend(
        order
            .names
            .map(|names| extension(ALTERNATIVE_NAMES, false, names)),
    );
    all
}

/// Bits count from the left, and those to the right that are not set are left out.
fn key_usage(usages: Usages) -> Vec<u8> {
    let signature = if usages.signature { 0x80 } else { 0 };
    match (signature, usages.encipherment) {
        (0, false) => value(BITS, &[0]),
        (bits, false) => value(BITS, &[7, bits]),
        (bits, true) => value(BITS, &[5, bits | 0x20]),
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let letters = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
