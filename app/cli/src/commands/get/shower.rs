//! Objects of a watch, shown as they come.

use serde_json::{Value, json};

use super::{Get, read};
use crate::discovery::Resource;
use crate::failure::Failure;
use crate::objects::Found;
use crate::print::table::Printer;
use crate::print::{Format, without_managers};
use crate::session::Session;

/// Shows objects as they come.
pub(super) struct Shower<'a> {
    get: &'a Get,
    session: &'a Session,
    resource: &'a Resource,
    format: &'a Format,
    printer: Printer,
}

impl<'a> Shower<'a> {
    pub(super) fn new(
        get: &'a Get,
        session: &'a Session,
        resource: &'a Resource,
        format: &'a Format,
    ) -> Self {
        let wide = matches!(format, Format::Table { wide: true });
        let printer = Printer::new(get.look(resource, wide, false));
        Self {
            get,
            session,
            resource,
            format,
            printer,
        }
    }

    pub(super) fn list(&mut self, list: &Value) -> Result<(), Failure> {
        if self.format.is_table() {
            let table = read(list.clone())?;
            if table.rows.is_empty() {
                self.printer.remember(&table);
                return Ok(());
            }
            return self.session.out.write(self.printer.show(&table, "ADDED"));
        }
        for item in crate::fields::items(list, "items") {
            self.show(item.clone(), "ADDED")?;
        }
        Ok(())
    }

    pub(super) fn show(&mut self, object: Value, event: &str) -> Result<(), Failure> {
        if self.format.is_table() {
            let table = read(object)?;
            return self.session.out.write(self.printer.show(&table, event));
        }
        let found = Found::named(self.resource, object);
        let mut object = found.object;
        if !self.get.show_managed_fields {
            object = without_managers(object);
        }
        if self.get.output_watch_events {
            object = json!({"type": event, "object": object});
        }
        if matches!(self.format, Format::Yaml) {
            self.session.out.line("---")?;
        }
        self.session
            .out
            .write(self.format.render(&object, &self.resource.label()))
    }
}
