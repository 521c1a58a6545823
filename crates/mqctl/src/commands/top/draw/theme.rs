//! What looks how. Without colours everything can still be told apart.

use ratatui::style::{Color, Modifier, Style};

pub(super) const HEADER: Style =
    Style::new().add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED));
pub(super) const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);
pub(super) const ASIDE: Style = Style::new().add_modifier(Modifier::DIM);

/// Whether there are colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    pub(crate) is_coloured: bool,
}

impl Paint {
    pub(super) fn title(self) -> Style {
        self.coloured(Style::new().add_modifier(Modifier::BOLD), Color::Cyan)
    }

    pub(super) fn trouble(self) -> Style {
        self.coloured(Style::new().add_modifier(Modifier::BOLD), Color::Red)
    }

    /// How full a queue is, from 0 to 1.
    pub(super) fn depth(self, fullness: f64) -> Style {
        let colour = match fullness {
            0.9.. => Color::Red,
            0.5.. => Color::Yellow,
            _ => Color::Green,
        };
        self.coloured(Style::new(), colour)
    }

    fn coloured(self, style: Style, colour: Color) -> Style {
        if self.is_coloured { style.fg(colour) } else { style }
    }
}
