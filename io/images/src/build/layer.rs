//! Writes the files of a layer as an archive.

use std::io::Read;

use super::*;

/// Writes the archive, and tells the digest that it has before compression.
pub(super) fn write<W: Write>(
    layer: &Layer,
    compression: Compression,
    output: W,
) -> Result<(W, Digest), BuildError> {
    let broken = BuildError::Layer;
    match compression {
        Compression::None => archive(layer, output),
        Compression::Gzip => {
            let level = flate2::Compression::default();
            let encoder = flate2::write::GzEncoder::new(output, level);
            let (encoder, diff) = archive(layer, encoder)?;
            Ok((encoder.finish().map_err(broken)?, diff))
        }
        Compression::Zstd => {
            let encoder = zstd::Encoder::new(output, 0).map_err(broken)?;
            let (encoder, diff) = archive(layer, encoder)?;
            Ok((encoder.finish().map_err(broken)?, diff))
        }
    }
}

fn archive<W: Write>(layer: &Layer, output: W) -> Result<(W, Digest), BuildError> {
    let mut builder = tar::Builder::new(HashingWriter::new(output));
    for path in parents(layer) {
        let mut header = header(tar::EntryType::Directory, 0o755, 0);
        append(&mut builder, &mut header, &format!("{path}/"), io::empty())?;
    }
    for (path, item) in layer {
        match item {
            Item::Directory { mode } => {
                let mut header = header(tar::EntryType::Directory, *mode, 0);
                append(&mut builder, &mut header, &format!("{path}/"), io::empty())?;
            }
            Item::Symlink { target } => {
                let mut header = header(tar::EntryType::Symlink, 0o777, 0);
                builder
                    .append_link(&mut header, path, target)
                    .map_err(BuildError::Layer)?;
            }
            Item::File { mode, source } => file(&mut builder, path, *mode, source)?,
        }
    }
    let (output, diff, _) = builder.into_inner().map_err(BuildError::Layer)?.finish();
    Ok((output, diff))
}

/// Directories above what is there, unless they are described themselves.
fn parents(layer: &Layer) -> BTreeSet<String> {
    let above = |path: &String| {
        let above = Path::new(path).ancestors().skip(1);
        above
            .map(|dir| dir.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
    };
    let all = layer.keys().flat_map(above);
    all.filter(|dir| !dir.is_empty() && !layer.contains_key(dir))
        .collect()
}

fn file(
    builder: &mut tar::Builder<impl Write>,
    path: &str,
    mode: u32,
    source: &Source,
) -> Result<(), BuildError> {
    let (size, content): (u64, Box<dyn Read>) = match source {
        Source::Bytes(bytes) => (bytes.len() as u64, Box::new(&bytes[..])),
        Source::File(path) => {
            let file = File::open(path).map_err(at("open", path))?;
            (
                file.metadata().map_err(at("look at", path))?.len(),
                Box::new(file),
            )
        }
    };
    let mut header = header(tar::EntryType::Regular, mode, size);
    append(builder, &mut header, path, content.take(size))
}

fn append(
    builder: &mut tar::Builder<impl Write>,
    header: &mut tar::Header,
    path: &str,
    content: impl Read,
) -> Result<(), BuildError> {
    builder
        .append_data(header, path, content)
        .map_err(BuildError::Layer)
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}
