//! Why a token does not count.

/// Why a token does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Somebody else issued it.
    #[error("accept the token: its issuer is {found:?}")]
    Issuer {
        /// Who.
        found: String,
    },
    /// It is meant for somebody else.
    #[error("accept the token: it is meant for {found:?}")]
    Audience {
        /// For whom.
        found: Vec<String>,
    },
    /// Its time is over.
    #[error("accept the token: token has expired")]
    Expired,
    /// Its time has not come.
    #[error("accept the token: it is not valid yet")]
    NotYet,
    /// It does not say what it has to.
    #[error("accept the token: it has no claim {claim:?} of the form that is expected")]
    Claim {
        /// Which claim is missing or is something else.
        claim: String,
    },
    /// A claim has another value than is required.
    #[error("accept the token: its claim {claim:?} is not {required:?}")]
    Required {
        /// Which claim.
        claim: String,
        /// What it has to be.
        required: String,
    },
    /// The address may be anybody's.
    #[error("accept the token: its email is not verified")]
    Unverified,
    /// It names nobody.
    #[error("accept the token: it names no user")]
    Nobody,
    /// A rule of the configuration says no.
    #[error("accept the token: validation expression {expression:?} failed: {why}")]
    Rule {
        /// Which rule.
        expression: String,
        /// What it says, or what is wrong.
        why: String,
    },
    /// There is no such token, or it is one that does not count.
    #[error("accept the token: {0}")]
    Unknown(&'static str),
}
