;;; imagewire-place.el --- The place of a link while its image is made  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; A place is an overlay, which moves with the text around it.  Its property `imagewire' says where the link goes: to
;; its position (`here'), on a line of its own below (`line'), in a paragraph of its own below (`paragraph'), or behind
;; the link that it covers (`link').

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-at-point)
(require 'imagewire-format)
(require 'imagewire-settings)

(defun imagewire--place (kind start &optional end)
  "Return a place of KIND from START to END, in the current buffer."
  (let ((place (make-overlay start (or end start))))
    (overlay-put place 'imagewire kind)
    (when end (overlay-put place 'imagewire-text (buffer-substring-no-properties start end)))
    place))

(defun imagewire--place-here (&optional end)
  "Return the place of the link for a command at point.
END is where the region ends that is its prompt, or nil."
  (save-excursion
    (cond (end
           (goto-char end)
           (when (and (bolp) (> end (point-min))) (backward-char))
           (imagewire--place 'line (point)))
          (imagewire-own-paragraph (imagewire--place 'paragraph (point)))
          (t
           ;; In a word or a link, and not where one begins.
           (let ((word (bounds-of-thing-at-point 'word))
                 (link (imagewire--link-here)))
             (cond (link (when (< (imagewire--found-start link) (point)) (goto-char (imagewire--found-end link))))
                   ((and word (< (car word) (point) (cdr word))) (goto-char (cdr word)))))
           (imagewire--place 'here (point))))))

(defun imagewire--blank-line-p (offset)
  "Whether the line OFFSET lines below this one is blank or outside the buffer."
  (save-excursion
    (or (/= 0 (forward-line offset))
        (looking-at-p "[ \t]*$"))))

(defun imagewire--below (text apart)
  "Insert TEXT below the line of point, with blank lines around it if APART.
A blank line is used itself."
  (if (imagewire--blank-line-p 0)
      (progn
        (delete-horizontal-space)
        (when (and apart (not (imagewire--blank-line-p -1))) (insert "\n")))
    (end-of-line)
    (insert (if apart "\n\n" "\n")))
  (prog1 (point)
    (insert text)
    (when (and apart (not (imagewire--blank-line-p 1)))
      (save-excursion (insert "\n")))))

(defconst imagewire--no-paragraph
  ;; Headings of Markdown, AsciiDoc and Typst, keywords, fences, environments and elements.
  "[ \t]*\\(?:#+[ +]\\|=+ \\|```\\|~~~\\|\\\\\\(?:begin\\|end\\|\\(?:sub\\)*section\\|chapter\\|par\\)\\_>\\|</?[a-z]\\)"
  "What a line begins with that is not the next one of a paragraph.")

(defun imagewire--end-of-paragraph ()
  "Go to the last line of the paragraph at point."
  (beginning-of-line)
  (let ((heading (if (eq (imagewire--format) 'org) "\\*+ " "#+ \\|=+ ")))
    (while (not (or (looking-at-p heading)
                    (imagewire--blank-line-p 0)
                    (imagewire--blank-line-p 1)
                    (save-excursion
                      (forward-line 1)
                      (or (looking-at-p heading) (looking-at-p imagewire--no-paragraph)))))
      (forward-line 1))))

(defun imagewire--whole-lines-p (start end)
  "Whether what is between START and END has its lines for itself."
  (save-excursion
    (and (progn (goto-char end) (looking-at-p "[ \t]*$"))
         (progn (goto-char start) (skip-chars-backward " \t") (bolp)))))

(defun imagewire--own-line-p (place)
  "Whether a link at PLACE has a line of its own."
  (or (imagewire--block-p)
      (pcase (overlay-get place 'imagewire)
        ('here (save-excursion (goto-char (overlay-start place)) (imagewire--blank-line-p 0)))
        ('link (imagewire--whole-lines-p (overlay-start place) (overlay-end place)))
        (_ t))))

(defun imagewire--replaces-p (place)
  "Whether the link at PLACE takes the place of the old one, which is unchanged."
  (and imagewire-replace
       (eq (overlay-get place 'imagewire) 'link)
       (equal (overlay-get place 'imagewire-text)
              (buffer-substring-no-properties (overlay-start place) (overlay-end place)))))

(defun imagewire--write (place text)
  "Insert TEXT at PLACE; return where it begins and ends."
  (let* ((kind (overlay-get place 'imagewire))
         (several (string-search "\n" text))
         (own-line (imagewire--own-line-p place))
         (start (overlay-start place))
         begin)
    (goto-char (overlay-end place))
    (cond
     ((imagewire--replaces-p place)
      (delete-region start (overlay-end place))
      (setq begin (point))
      (insert text))
     ((and (eq kind 'link) (not own-line))
      (unless (= start (point)) (insert " "))
      (setq begin (point))
      (insert text))
     ((eq kind 'paragraph)
      (imagewire--end-of-paragraph)
      (setq begin (imagewire--below text t)))
     ((or (imagewire--block-p) (memq kind '(line link)))
      ;; In a document of blocks the text around it ends where the link begins.
      (when (and (imagewire--block-p) (eq kind 'here)) (imagewire--end-of-paragraph))
      (setq begin (imagewire--below text (or (imagewire--block-p) (and several (eq kind 'link))))))
     (t
      (setq begin (point))
      (insert text)))
    (cons begin (point))))

(defun imagewire--make-way (place later there begin end)
  "Move the places LATER that were at THERE behind a link of PLACE.
The link is between BEGIN and END.  Of several links at one
point, the later command's comes behind."
  (dolist (other later)
    (when (and (eq (overlay-buffer other) (current-buffer))
               (= (overlay-start other) there)
               (eq (overlay-get other 'imagewire) (overlay-get place 'imagewire)))
      (move-overlay other (if (eq (overlay-get other 'imagewire) 'link) begin end) end))))

(defun imagewire--land (place later prediction prompt &optional folder)
  "Insert the links of PREDICTION of PROMPT at PLACE, as one change.
Those of LATER places at the same point come behind.  FOLDER is
where its images went.  Return where they begin and end, or nil
where they would not be safe."
  (save-restriction
    (widen)
    (let* ((there (overlay-start place))
           (before (point-marker))
           ;; A user who has not moved continues to write behind the link.
           (follows (and (= (point) there) (eq (overlay-get place 'imagewire) 'here) (not (imagewire--block-p))))
           (text (imagewire--links prediction prompt (imagewire--own-line-p place) folder))
           range)
      (when text
        (undo-boundary)
        (setq range (imagewire--write place text))
        (undo-boundary)
        (imagewire--make-way place later there (car range) (cdr range))
        (unless follows (goto-char before)))
      (set-marker before nil)
      range)))

(provide 'imagewire-place)
;;; imagewire-place.el ends here
