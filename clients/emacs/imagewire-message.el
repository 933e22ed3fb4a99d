;;; imagewire-message.el --- Messages in the echo area  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Messages and errors, how a prediction without an image ended, and errors in callbacks.

;;; Code:

(require 'subr-x)

(defun imagewire--one-line (text)
  "Return TEXT as one line, without control characters.
Characters for the direction of text are removed too."
  (string-trim (replace-regexp-in-string "[[:space:][:cntrl:]\u200e\u200f\u2028-\u202e\u2066-\u2069]+" " " text)))

(defun imagewire--say (format &rest arguments)
  "Show a message made of FORMAT and ARGUMENTS, on one line."
  (message "%s" (imagewire--one-line (concat "imagewire: " (apply #'format format arguments)))))

(defun imagewire--warn (format &rest arguments)
  "Show FORMAT with ARGUMENTS, about what went wrong, on one line."
  (message "%s" (propertize (imagewire--one-line (concat "imagewire: " (apply #'format format arguments))) 'face 'error)))

(defun imagewire--report (text)
  "Show TEXT about what went wrong."
  (imagewire--warn "%s" text))

(defun imagewire--guarded (function &rest arguments)
  "Call FUNCTION with ARGUMENTS; return its value, or nil where it fails.
An error is reported and does not keep other calls from their
answers."
  (condition-case problem
      (apply function arguments)
    (error
     (imagewire--report (error-message-string problem))
     nil)))

(defun imagewire--short (prompt limit)
  "Return PROMPT on one line of at most LIMIT characters."
  (let ((line (string-trim (replace-regexp-in-string "[[:space:]\n]+" " " prompt))))
    (if (<= (length line) limit) line (concat (substring line 0 (1- limit)) "…"))))

(defun imagewire--explain (prediction prompt)
  "Report how PREDICTION of PROMPT ended, and what it may cost."
  (let* ((failure (plist-get prediction :failure))
         (status (plist-get prediction :status))
         (error (plist-get prediction :error))
         (reason (if (string-empty-p error) (or (plist-get failure :message) status) error))
         (hint (plist-get failure :hint))
         (text (concat (imagewire--short prompt 30) ": " status ": " reason
                       (when (and hint (not (string-search hint reason))) (concat "  " hint)))))
    (if (equal status "cancelled") (imagewire--say "%s" text) (imagewire--report text))))

(provide 'imagewire-message)
;;; imagewire-message.el ends here
