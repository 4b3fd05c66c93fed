//! `TokenReview` and `SelfSubjectReview`: whose token is this, and who am I?

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::authentication::v1::{SelfSubjectReview, TokenReview};

use crate::column::Column;
use crate::descriptor::Verbs;
use crate::kind::Kind;
use crate::parts::check;

/// Who am I?
#[derive(Debug)]
pub struct SelfSubjectReviews;

impl Kind for SelfSubjectReviews {
    type Object = SelfSubjectReview;

    const VERBS: Verbs = Verbs::CreateOnly;
    const COLUMNS: &'static [Column<SelfSubjectReview>] = Column::NAME_AND_CREATED_AT;
}

/// Whose token is this?
#[derive(Debug)]
pub struct TokenReviews;

impl Kind for TokenReviews {
    type Object = TokenReview;

    const VERBS: Verbs = Verbs::CreateOnly;
    const COLUMNS: &'static [Column<TokenReview>] = Column::NAME_AND_CREATED_AT;

    fn validate(review: &TokenReview, _old: Option<&TokenReview>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec").field("token");
        check::given(review.spec.token.as_deref(), &path, errors);
    }
}
