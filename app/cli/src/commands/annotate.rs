//! `annotate`: annotations set, changed and taken away.

use clap::Args;

use super::label::{Pairs, Words};
use crate::failure::Failure;
use crate::session::Session;

/// Update the annotations on a resource
#[derive(Args, Debug)]
pub(crate) struct Annotate {
    #[command(flatten)]
    pairs: Pairs,
}

const ANNOTATIONS: Words = Words {
    field: "annotations",
    one: "annotation",
    done: "annotated",
    // The stock command line says the same whether annotations come or go.
    undone: "annotated",
    manager: "kubectl-annotate",
};

impl Annotate {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        self.pairs.run(session, ANNOTATIONS).await
    }
}
