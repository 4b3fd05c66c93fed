//! Writes an image as one archive file of the OCI layout.

use super::*;

pub(super) fn write(image: &ImageBuilder, path: &Path, name: &Reference) -> Result<(), BuildError> {
    let beside = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let beside = beside.unwrap_or(Path::new("."));
    let work = tempfile::tempdir_in(beside).map_err(at("write in", beside))?;
    let content = Content::open(work.path())?;
    let (digest, _) = image.assemble(&content)?;
    let index = index(&digest, content.size(&digest).unwrap_or_default(), name);
    let index = serde_json::to_vec(&index).map_err(BuildError::Describe)?;

    let file = tempfile::NamedTempFile::new_in(beside).map_err(at("write in", beside))?;
    let mut builder = tar::Builder::new(file);
    bytes(
        &mut builder,
        "oci-layout",
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    )?;
    bytes(&mut builder, "index.json", &index)?;
    for blob in content.all()? {
        let from = content.path(&blob);
        builder
            .append_path_with_name(&from, format!("blobs/sha256/{}", blob.hex()))
            .map_err(BuildError::Layer)?;
    }
    let file = builder.into_inner().map_err(BuildError::Layer)?;
    readable(file.path())?;
    Ok(crate::files::settle(file, path)?)
}

fn index(digest: &Digest, size: u64, name: &Reference) -> serde_json::Value {
    serde_json::json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": OCI_MANIFEST,
            "digest": digest,
            "size": size,
            "annotations": { "io.containerd.image.name": name.to_string() },
        }],
    })
}

fn bytes(
    builder: &mut tar::Builder<impl Write>,
    path: &str,
    bytes: &[u8],
) -> Result<(), BuildError> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(bytes.len() as u64);
    builder
        .append_data(&mut header, path, bytes)
        .map_err(BuildError::Layer)
}

/// Temporary files are their owner's alone; an archive is made to be given away.
fn readable(path: &Path) -> Result<(), BuildError> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))
            .map_err(at("open up", path))?,
    )
}
