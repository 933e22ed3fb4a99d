;;; imagewire.el --- Images from words, as links in the text  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; URL: https://github.com/imagewire/imagewire
;; Keywords: multimedia, tools, hypermedia
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; `imagewire-generate' makes an image of a prompt, or of the region, and inserts a link to it where the command was
;; given, as the major mode wants.  You may go on writing meanwhile, here or elsewhere.  `imagewire-change' changes the
;; image at point, `imagewire-list' shows the newest images, `imagewire-image-mode' shows those of a document, and
;; `imagewire-menu' has everything.
;;
;; The work is done by the program `imagewire', one process that is started when it is first needed and ends with
;; Emacs.  Without a key it draws with its sandbox: offline, free, good for trying.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-ask)
(require 'imagewire-change)
(require 'imagewire-choose)
(require 'imagewire-history)
(require 'imagewire-image-mode)
(require 'imagewire-list)
(require 'imagewire-message)
(require 'imagewire-settings)
(require 'imagewire-work)

;;;###autoload
(defun imagewire-generate (prompt &optional end)
  "Make an image of PROMPT and insert a link to it at point.
With an active region the prompt is its text, and the link gets a
new line below it; a prefix argument asks for words that go before
the text.  From Lisp, END is the position below whose line the
link goes.

Return at once: the link lands where the command was given,
wherever that text is by then."
  (interactive
   (progn
     (barf-if-buffer-read-only)
     (if (use-region-p)
         (list (concat (when current-prefix-arg (concat (read-string "Image of (words before the region): ") "\n"))
                       (buffer-substring-no-properties (region-beginning) (region-end)))
               (region-end))
       (list (read-string "Image of: ")))))
  (barf-if-buffer-read-only)
  (let* ((prompt (imagewire--checked-prompt prompt))
         (params (append (list :input `(:prompt ,prompt ,@(imagewire--input)) :tags ["emacs"])
                         (when imagewire--chosen-model (list :model imagewire--chosen-model)))))
    (imagewire--check-link prompt)
    (deactivate-mark)
    (when (imagewire--price-agreed-p params)
      (imagewire--begin prompt (imagewire--place-here end) params))))

;;;###autoload
(defun imagewire-cancel (&optional all)
  "Cancel the image in progress, or a chosen one; with ALL, every one.
A message says whether it may cost something anyway."
  (interactive "P")
  (cond ((null imagewire--in-progress) (imagewire--say "no image is in progress"))
        ((or all (null (cdr imagewire--in-progress)))
         (mapc #'imagewire--cancel (copy-sequence imagewire--in-progress)))
        (t
         (when-let ((work (imagewire--choose
                           "Cancel which image? "
                           (mapcar (lambda (work) (list (imagewire--short (imagewire--work-prompt work) 60) work
                                                        (imagewire--work-status work)))
                                   (reverse imagewire--in-progress)))))
           (imagewire--cancel work)))))

(provide 'imagewire)
;;; imagewire.el ends here
