;;; imagewire-choose.el --- Choosing a model, its size and its other input  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The model is chosen from the provider's catalogue, the rest from the model's input_schema.  Both hold until Emacs ends;
;; for good they are settings: `imagewire-configuration' and `imagewire-input'.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-ask)
(require 'imagewire-message)
(require 'imagewire-settings)

(defvar imagewire--chosen-model nil "The model chosen in this session, or nil.")
(defvar imagewire--chosen-input nil "The input chosen in this session, a plist.")

(defun imagewire--model ()
  "Return the model in use."
  (or imagewire--chosen-model (imagewire--capability :model)))

(defun imagewire--input ()
  "Return the input in use without the prompt, a plist.
It is what is set, and over it what is chosen."
  (let ((input (copy-sequence imagewire-input)))
    (cl-loop for (name value) on imagewire--chosen-input by #'cddr
             do (setq input (plist-put input name value)))
    input))

(defun imagewire--choices-in-words ()
  "Return the chosen model and input in a few words, or nil."
  (let ((input (cl-loop for (name value) on imagewire--chosen-input by #'cddr
                        collect (format "%s %s" (substring (symbol-name name) 1) (imagewire--value-in-words value)))))
    (when (or imagewire--chosen-model input)
      (string-join (delq nil (cons imagewire--chosen-model input)) ", "))))

(defun imagewire--value-in-words (value)
  "Return VALUE of an input as text."
  (cond ((stringp value) value)
        ((eq value t) "yes")
        ((eq value :json-false) "no")
        (t (imagewire--json value))))

(defun imagewire--models (words)
  "Return the models that have WORDS, all pages of them."
  (let (models cursor)
    (while (let ((page (imagewire--await :models (append (unless (string-empty-p words) (list :search words))
                                                         (when cursor (list :cursor cursor))))))
             (setq models (append models (append (plist-get page :models) nil))
                   cursor (plist-get page :next_cursor))
             cursor))
    models))

(defun imagewire--about-model (model)
  "Return the name, price and description of MODEL in one line."
  (let ((price (plist-get model :price)))
    (imagewire--short (string-join (delq nil (list (when price (imagewire--dollars price))
                                                   (unless (equal (plist-get model :name) (plist-get model :id))
                                                     (plist-get model :name))
                                                   (plist-get model :description)))
                                   " · ")
                      120)))

;;;###autoload
(defun imagewire-choose-model (&optional words)
  "Choose the model of this session from the provider's catalogue.
With a prefix argument ask for WORDS that its entry has."
  (interactive (list (when current-prefix-arg (read-string "Models that have the words: "))))
  (let* ((models (or (imagewire--models (or words "")) (user-error "No model has these words")))
         (default (imagewire--capability :model))
         (choice (imagewire--choose
                  "Model: "
                  (append (when imagewire--chosen-model (list (list "default" 'default default)))
                          (mapcar (lambda (model) (list (plist-get model :id) (plist-get model :id)
                                                        (imagewire--about-model model)))
                                  models)))))
    (when choice
      ;; Other models have other input.
      (setq imagewire--chosen-model (unless (eq choice 'default) choice)
            imagewire--chosen-input nil)
      (imagewire--say "the model is %s, until Emacs ends" (imagewire--model)))))

(defun imagewire--fields (model)
  "Return the fields of MODEL that can be chosen, an alist of name to schema."
  (let* ((page (imagewire--await :models (list :model model)))
         (schema (plist-get (aref (plist-get page :models) 0) :input_schema)))
    (cl-loop for (name field) on (plist-get schema :properties) by #'cddr
             when (and (not (memq name '(:prompt :sandbox)))
                       (or (plist-get field :enum) (member (plist-get field :type) '("string" "integer" "number" "boolean")))
                       ;; Images are given by the commands that change one.
                       (not (string-match-p "\\`:\\(.*_\\)?images?\\(\\'\\|_\\)" (symbol-name name))))
             collect (cons name field))))

(defun imagewire--about-field (name field)
  "Return the value and description of FIELD called NAME in one line."
  (let ((value (plist-get (imagewire--input) name))
        (default (plist-get field :default)))
    (imagewire--short (string-join (delq nil (list (cond (value (concat "now " (imagewire--value-in-words value)))
                                                         (default (concat "default " (imagewire--value-in-words default))))
                                                   (plist-get field :description)))
                                   " · ")
                      120)))

(defun imagewire--number (text field)
  "Return the number that TEXT is for FIELD, or signal a `user-error'."
  (let ((number (and (string-match-p "\\`[-+]?[0-9]+\\(\\.[0-9]+\\)?\\'" text) (string-to-number text)))
        (least (plist-get field :minimum))
        (most (plist-get field :maximum)))
    (cond ((null number) (user-error "%s is not a number" text))
          ((and (equal (plist-get field :type) "integer") (not (integerp number))) (user-error "%s is not a whole number" text))
          ((and least (< number least)) (user-error "%s is too small; the least is %s" text least))
          ((and most (> number most)) (user-error "%s is too large; the most is %s" text most)))
    number))

(defun imagewire--read-value (name field)
  "Ask for a value of FIELD called NAME, and return it in a list.
Nil means the default."
  (let ((question (format "%s: " (substring (symbol-name name) 1)))
        (type (plist-get field :type))
        (reset '("default" reset)))
    (if (or (plist-get field :enum) (equal type "boolean"))
        (let ((choice (imagewire--choose
                       question
                       (cons reset (mapcar (lambda (value) (list (imagewire--value-in-words value) (list value)))
                                           (or (plist-get field :enum) '(t :json-false)))))))
          (unless (eq choice 'reset) choice))
      (let ((text (string-trim (read-string (concat (substring question 0 -2) " (empty for the default): ")))))
        (cond ((string-empty-p text) nil)
              ((equal type "string") (list text))
              (t (list (imagewire--number text field))))))))

;;;###autoload
(defun imagewire-choose-input ()
  "Choose the size, or another field of the model's input, for this session."
  (interactive)
  (let* ((model (imagewire--model))
         (fields (imagewire--fields model))
         (choice (imagewire--choose
                  "Choose: "
                  (append (mapcar (lambda (field)
                                    (list (substring (symbol-name (car field)) 1) field
                                          (imagewire--about-field (car field) (cdr field))))
                                  fields)
                          (when imagewire--chosen-input '(("reset all" reset "what was chosen is forgotten")))))))
    (cond ((null fields) (imagewire--say "%s says nothing of its input; imagewire-input sets any" model))
          ((null choice))
          ((eq choice 'reset)
           (setq imagewire--chosen-input nil)
           (imagewire--say "the input is as it is set"))
          (t
           (let* ((name (car choice))
                  (value (imagewire--read-value name (cdr choice)))
                  (rest (cl-loop for (other kept) on imagewire--chosen-input by #'cddr
                                 unless (eq other name) append (list other kept))))
             (setq imagewire--chosen-input (if value (append rest (list name (car value))) rest))
             (imagewire--say "chosen: %s" (or (imagewire--choices-in-words) "nothing")))))))

(provide 'imagewire-choose)
;;; imagewire-choose.el ends here
