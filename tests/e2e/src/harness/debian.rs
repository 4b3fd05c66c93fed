//! Takes programs out of the packages that are installed on this machine, with all they need.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gantry_images::{ImageBuilder, Source};

use super::Program;

/// Adds a program and the libraries that it is linked with.
pub(crate) fn add_program(image: ImageBuilder, path: &str) -> Result<ImageBuilder> {
    let mut files = libraries(path)?;
    files.insert(PathBuf::from(path));
    files
        .iter()
        .try_fold(image, |image, file| add_file(image, file))
}

/// Adds one file under its own name; a link becomes what it leads to.
pub(crate) fn add_file(image: ImageBuilder, path: &Path) -> Result<ImageBuilder> {
    let about = std::fs::metadata(path).with_context(|| format!("find {}", path.display()))?;
    let name = path.to_str().context("read a file's name")?;
    Ok(image.file(
        name,
        about.permissions().mode() & 0o7777,
        Source::File(path.to_owned()),
    ))
}

/// Adds the regular files of a package below a directory.
pub(crate) fn add_package(image: ImageBuilder, package: &str, below: &str) -> Result<ImageBuilder> {
    let list = Program::new("dpkg").words("-L").arg(package).run()?.ok()?;
    let files = list
        .lines()
        .filter(|line| line.starts_with(below))
        .map(Path::new);
    files
        .filter(|file| file.is_file())
        .try_fold(image, add_file)
}

/// Adds the small tools, each as a link to the one program.
pub(crate) fn add_tools(image: ImageBuilder) -> Result<ImageBuilder> {
    let tools = Program::new("/bin/busybox").words("--list").run()?.ok()?;
    let program = Source::File("/bin/busybox".into());
    let image = image.file("bin/busybox", 0o755, program);
    let link = |image: ImageBuilder, tool: &str| image.symlink(&format!("bin/{tool}"), "busybox");
    Ok(tools
        .lines()
        .filter(|tool| *tool != "busybox")
        .fold(image, link))
}

/// Lines of `ldd` name a library after an arrow, or the loader alone.
fn libraries(path: &str) -> Result<BTreeSet<PathBuf>> {
    let list = Program::new("ldd").arg(path).run()?.ok()?;
    let file = |line: &str| {
        let place = line
            .split_once("=> ")
            .map_or(line, |(_, place)| place)
            .trim();
        let place = place.split_once(" (").map_or(place, |(place, _)| place);
        place.starts_with('/').then(|| PathBuf::from(place))
    };
    Ok(list.lines().filter_map(file).collect())
}
