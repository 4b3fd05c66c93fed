//! The project's own toolbox.

mod r#gen;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("gen") => r#gen::run(
            arguments
                .next()
                .context("name the definitions file")?
                .as_ref(),
        ),
        Some(other) => bail!("know the command {other:?}; there is: gen"),
        None => bail!("name a command; there is: gen"),
    }
}
