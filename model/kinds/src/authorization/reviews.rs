//! `SubjectAccessReview` and its kin: may somebody do this?

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::authorization::v1::{
    LocalSubjectAccessReview, NonResourceAttributes, ResourceAttributes, SelfSubjectAccessReview,
    SelfSubjectRulesReview, SubjectAccessReview, SubjectAccessReviewSpec,
};

use crate::column::Column;
use crate::descriptor::Verbs;
use crate::kind::Kind;

/// May somebody do this?
#[derive(Debug)]
pub struct SubjectAccessReviews;

impl Kind for SubjectAccessReviews {
    type Object = SubjectAccessReview;

    const VERBS: Verbs = Verbs::CreateOnly;
    const COLUMNS: &'static [Column<SubjectAccessReview>] = Column::NAME_AND_CREATED_AT;

    fn validate(
        review: &SubjectAccessReview,
        _old: Option<&SubjectAccessReview>,
        errors: &mut FieldErrors,
    ) {
        somebody(&review.spec, errors);
    }
}

/// May somebody do this in this namespace?
#[derive(Debug)]
pub struct LocalSubjectAccessReviews;

impl Kind for LocalSubjectAccessReviews {
    type Object = LocalSubjectAccessReview;

    const VERBS: Verbs = Verbs::CreateOnly;
    const COLUMNS: &'static [Column<LocalSubjectAccessReview>] = Column::NAME_AND_CREATED_AT;

    fn validate(
        review: &LocalSubjectAccessReview,
        _old: Option<&LocalSubjectAccessReview>,
        errors: &mut FieldErrors,
    ) {
        somebody(&review.spec, errors);
        let path = FieldPath::new("spec");
        if review.spec.non_resource_attributes.is_some() {
            let detail = "disallowed on this kind of request";
            errors.invalid(
                &path.field("nonResourceAttributes"),
                &review.spec.non_resource_attributes,
                detail,
            );
        }
        let asked = review.spec.resource_attributes.as_ref();
        let asked = asked
            .and_then(|resource| resource.namespace.as_deref())
            .unwrap_or("");
        if review.spec.resource_attributes.is_some() && asked != review.namespace() {
            let at = path.field("resourceAttributes").field("namespace");
            errors.invalid(&at, asked, "must match metadata.namespace");
        }
    }
}

/// May I do this?
#[derive(Debug)]
pub struct SelfSubjectAccessReviews;

impl Kind for SelfSubjectAccessReviews {
    type Object = SelfSubjectAccessReview;

    const VERBS: Verbs = Verbs::CreateOnly;
    const COLUMNS: &'static [Column<SelfSubjectAccessReview>] = Column::NAME_AND_CREATED_AT;

    fn validate(
        review: &SelfSubjectAccessReview,
        _old: Option<&SelfSubjectAccessReview>,
        errors: &mut FieldErrors,
    ) {
        let spec = &review.spec;
        one_question(
            spec.resource_attributes.as_ref(),
            spec.non_resource_attributes.as_ref(),
            errors,
        );
    }
}

/// What may I do in this namespace?
#[derive(Debug)]
pub struct SelfSubjectRulesReviews;

impl Kind for SelfSubjectRulesReviews {
    type Object = SelfSubjectRulesReview;

    const VERBS: Verbs = Verbs::CreateOnly;
    const COLUMNS: &'static [Column<SelfSubjectRulesReview>] = Column::NAME_AND_CREATED_AT;

    fn validate(
        review: &SelfSubjectRulesReview,
        _old: Option<&SelfSubjectRulesReview>,
        errors: &mut FieldErrors,
    ) {
        if review.spec.namespace.as_deref().unwrap_or("").is_empty() {
            let path = FieldPath::new("spec").field("namespace");
            errors.required(&path, "no namespace on request");
        }
    }
}

fn somebody(spec: &SubjectAccessReviewSpec, errors: &mut FieldErrors) {
    one_question(
        spec.resource_attributes.as_ref(),
        spec.non_resource_attributes.as_ref(),
        errors,
    );
    let user = spec.user.as_deref().unwrap_or("");
    if user.is_empty() && spec.groups.as_ref().is_none_or(Vec::is_empty) {
        let path = FieldPath::new("spec").field("user");
        errors.invalid(
            &path,
            user,
            "at least one of user or group must be specified",
        );
    }
}

/// A review asks about a resource or about a path, not about both.
fn one_question(
    resource: Option<&ResourceAttributes>,
    path: Option<&NonResourceAttributes>,
    errors: &mut FieldErrors,
) {
    let at = FieldPath::new("spec");
    match (resource, path) {
        (Some(_), Some(path)) => errors.invalid(
            &at.field("nonResourceAttributes"),
            path,
            "cannot be specified in combination with resourceAttributes",
        ),
        (None, None) => errors.invalid(
            &at.field("resourceAttributes"),
            (),
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        ),
        (Some(_), None) | (None, Some(_)) => {}
    }
}
