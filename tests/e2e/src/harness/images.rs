//! The images of the tutorial, made from Debian packages.

use anyhow::Result;
use gantry_images::{Compression, ImageBuilder, Source};

use super::debian::{add_package, add_program, add_tools};

/// An image and its name below the default registry.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    pub(crate) image: ImageBuilder,
}

/// Answers with a page, and with who asks whom.
const NGINX: &str = "\
error_log stderr notice;
pid /run/nginx.pid;
user root;
worker_processes 1;
events {}
http {
    access_log /dev/stdout;
    server {
        listen 80;
        root /usr/share/nginx/html;
        location = /caller { return 200 \"$remote_addr\\n\"; }
        location = /name { return 200 \"$hostname\\n\"; }
    }
}
";

/// Everything that the tests start, from the small to the large.
pub(crate) fn recipes() -> Result<Vec<Recipe>> {
    Ok(vec![
        Recipe {
            name: "busybox:latest",
            image: base()?.cmd(["sh"]),
        },
        Recipe {
            name: "busybox:1.35",
            image: base()?.cmd(["sh"]),
        },
        Recipe {
            name: "nginx:latest",
            image: nginx("first")?,
        },
        Recipe {
            name: "nginx:next",
            image: nginx("next")?,
        },
        Recipe {
            name: "redis:latest",
            image: redis("latest")?,
        },
        Recipe {
            name: "redis:7",
            image: redis("7")?,
        },
        Recipe {
            name: "python:3.8",
            image: python()?,
        },
    ])
}

fn base() -> Result<ImageBuilder> {
    let image = ImageBuilder::new()
        .compression(Compression::Gzip)
        .file(
            "etc/passwd",
            0o644,
            text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"),
        )
        .file("etc/group", 0o644, text("root:x:0:\nnogroup:x:65534:\n"))
        .directory("root", 0o700)
        .directory("run", 0o755)
        .directory("tmp", 0o1777)
        .directory("var/tmp", 0o1777);
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    Ok(add_tools(image)?.env("PATH", path))
}

fn nginx(page: &str) -> Result<ImageBuilder> {
    Ok(add_program(base()?.next_layer(), "/usr/sbin/nginx")?
        .file("etc/nginx/nginx.conf", 0o644, text(NGINX))
        .directory("var/log/nginx", 0o755)
        .directory("var/lib/nginx", 0o755)
        .next_layer()
        .file(
            "usr/share/nginx/html/index.html",
            0o644,
            text(&format!("{page}\n")),
        )
        .expose(80)
        .cmd(["/usr/sbin/nginx", "-e", "stderr", "-g", "daemon off;"]))
}

fn redis(tag: &str) -> Result<ImageBuilder> {
    // Debian's server and the program that checks files are one file under two names.
    let image = add_program(base()?.next_layer(), "/usr/bin/redis-server")?;
    Ok(add_program(image, "/usr/bin/redis-cli")?
        .env("REDIS_TAG", tag)
        .expose(6379)
        .cmd([
            "/usr/bin/redis-server",
            "--protected-mode",
            "no",
            "--save",
            "",
        ]))
}

fn python() -> Result<ImageBuilder> {
    let image = add_program(base()?.next_layer(), "/usr/bin/python3")?;
    let version = std::fs::read_link("/usr/bin/python3")?;
    let package = format!("lib{}-minimal", version.display());
    Ok(add_package(image, &package, "/usr/lib/python")?.cmd(["/usr/bin/python3"]))
}

fn text(text: &str) -> Source {
    Source::Bytes(text.as_bytes().to_vec())
}
