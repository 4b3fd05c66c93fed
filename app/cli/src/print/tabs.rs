//! Elastic tab stops: cells that end with a tab line up with the cells above and below them.
//!
//! A column is a run of neighbouring lines that have a cell there; it is as wide as its widest
//! cell. The last cell of a line belongs to no column.

/// How columns are set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stops {
    /// No column is narrower than this.
    pub(crate) least: usize,
    /// The room between columns.
    pub(crate) padding: usize,
}

impl Stops {
    /// As `describe` has it.
    pub(crate) const DESCRIBE: Self = Self {
        least: 0,
        padding: 2,
    };
    /// As tables have it.
    pub(crate) const TABLE: Self = Self {
        least: 6,
        padding: 3,
    };

    /// Lines with tabs in them, lined up.
    pub(crate) fn align(self, content: &str) -> String {
        let lines: Vec<Vec<&str>> = content
            .split('\n')
            .map(|line| line.split('\t').collect())
            .collect();
        let mut widths: Vec<Vec<usize>> = lines.iter().map(|line| vec![0; line.len()]).collect();
        self.set(&lines, &mut widths, 0);
        let mut aligned = String::with_capacity(content.len() * 2);
        for (index, (line, widths)) in lines.iter().zip(&widths).enumerate() {
            if index > 0 {
                aligned.push('\n');
            }
            write_line(&mut aligned, line, widths);
        }
        aligned
    }

    /// Sets the widths of `column` and of those right of it.
    fn set(self, lines: &[Vec<&str>], widths: &mut [Vec<usize>], column: usize) {
        let mut start = 0;
        while start < lines.len() {
            if lines[start].len() <= column + 1 {
                start += 1;
                continue;
            }
            let run = lines[start..]
                .iter()
                .take_while(|line| line.len() > column + 1);
            let end = start + run.count();
            let cells = lines[start..end]
                .iter()
                .map(|line| line[column].chars().count());
            let widest = cells.max().unwrap_or_default() + self.padding;
            for widths in &mut widths[start..end] {
                widths[column] = widest.max(self.least);
            }
            self.set(&lines[start..end], &mut widths[start..end], column + 1);
            start = end;
        }
    }
}

fn write_line(aligned: &mut String, cells: &[&str], widths: &[usize]) {
    let Some((last, others)) = cells.split_last() else {
        return;
    };
    for (cell, width) in others.iter().zip(widths) {
        aligned.push_str(cell);
        let rest = width.saturating_sub(cell.chars().count());
        aligned.extend(std::iter::repeat_n(' ', rest));
    }
    aligned.push_str(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_ends_where_a_line_has_no_cell_for_it() {
        let aligned = Stops::DESCRIBE.align("Name:\tx\nLong label:\ty\nHead\n  a:\tb\n");
        assert_eq!(aligned, "Name:        x\nLong label:  y\nHead\n  a:  b\n");
    }
}
