-- What a letter was written in, the template around it, and what its author wrote; none where that is the HTML itself.
ALTER TABLE campaign ADD COLUMN format TEXT NOT NULL DEFAULT 'html' CHECK (format IN ('html', 'markdown', 'mjml'));
ALTER TABLE campaign ADD COLUMN template TEXT CHECK (template IN ('newsletter', 'announcement', 'event', 'plain'));
ALTER TABLE campaign ADD COLUMN source TEXT;
