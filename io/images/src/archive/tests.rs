use std::io::Write as _;

use proptest::prelude::*;

use super::*;

fn archive(build: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    build(&mut builder);
    builder.into_inner().unwrap()
}

fn file(builder: &mut tar::Builder<Vec<u8>>, path: &str, content: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, path, content).unwrap();
}

fn names(bytes: &[u8]) -> Result<Vec<String>, ArchiveError> {
    let input = decompressed(bytes).map_err(ArchiveError::Read)?;
    let mut entries = Entries::new(input, 100);
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry()? {
        let mut content = String::new();
        entries
            .read_to_string(&mut content)
            .map_err(ArchiveError::Read)?;
        names.push(format!(
            "{}={content}",
            String::from_utf8_lossy(&entry.path)
        ));
    }
    entries.drain()?;
    Ok(names)
}

#[test]
fn all_three_compressions_are_found_by_looking() {
    let plain = archive(|builder| file(builder, "a", b"content"));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let zstd = zstd::encode_all(&plain[..], 1).unwrap();
    for bytes in [plain, gzip.finish().unwrap(), zstd] {
        assert_eq!(names(&bytes).unwrap(), ["a=content"]);
    }
}

#[test]
fn long_names_and_pax_records_replace_what_the_header_says() {
    let long = "d/".repeat(200) + "file";
    let bytes = archive(|builder| {
        file(builder, &long, b"x");
        let records = [
            ("path", &b"real"[..]),
            ("uid", b"3000000"),
            ("mtime", b"-1.25"),
            ("SCHILY.xattr.user.note", b"line\nline"),
        ];
        builder.append_pax_extensions(records).unwrap();
        file(builder, "short", b"y");
    });
    let mut entries = Entries::new(&bytes[..], 100);
    assert_eq!(entries.next_entry().unwrap().unwrap().path, long.as_bytes());
    let entry = entries.next_entry().unwrap().unwrap();
    assert_eq!(entry.path, b"real");
    assert_eq!(entry.attributes.uid, 3_000_000);
    assert_eq!(entry.attributes.modified, (-2, 750_000_000));
    assert_eq!(
        entry.attributes.xattrs,
        [(b"user.note".to_vec(), b"line\nline".to_vec())]
    );
}

#[test]
fn an_extension_larger_than_memory_is_refused_before_it_is_read() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1 << 40);
    header.set_cksum();
    let error = Entries::new(&header.as_bytes()[..], 100)
        .next_entry()
        .unwrap_err();
    assert!(matches!(error, ArchiveError::TooMuch { .. }));
}

#[test]
fn an_archive_cut_short_is_an_error_and_not_an_end() {
    let bytes = archive(|builder| file(builder, "a", &[7; 2000]));
    assert!(matches!(names(&bytes[..1500]), Err(ArchiveError::Read(_))));
    assert!(matches!(names(&bytes[..100]), Err(ArchiveError::Read(_))));
}

#[test]
fn too_many_entries_are_refused() {
    let bytes = archive(|builder| (0..101).for_each(|_| file(builder, "a", b"")));
    assert!(matches!(
        names(&bytes),
        Err(ArchiveError::TooMuch { limit: 100, .. })
    ));
}

proptest! {
    #[test]
    fn no_input_makes_the_reader_panic(
        noise in proptest::collection::vec((0usize..1536, any::<u8>()), 0..40),
        fix in any::<bool>(),
    ) {
        let mut bytes = archive(|builder| {
            builder.append_pax_extensions([("uid", &b"1"[..])]).unwrap();
            file(builder, "a", b"content");
        });
        for (position, byte) in noise {
            bytes[position] = byte;
        }
        if fix {
            let mut header = tar::Header::new_old();
            header.as_mut_bytes().copy_from_slice(&bytes[..512]);
            header.set_cksum();
            bytes[..512].copy_from_slice(header.as_bytes());
        }
        drop(names(&bytes));
    }
}
